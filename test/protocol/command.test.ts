import { spawnSync } from 'node:child_process'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { COMMAND_ENV, joinContent, SPLIT_CONTENT_BYTES, splitContent } from '#protocol/command-env.ts'
import { type CommandInput, toExecuteCommand } from '#protocol/command.ts'
import { EXECUTOR_SCRIPT } from '#protocol/executor-script/script.generated.ts'

const TARGET = { targetPath: '~/.codex/auth.json', homeVariable: 'CODEX_HOME' } as const
const SYNC: CommandInput = {
  key: 'sync_runtime_auth_file',
  runtime: 'codex',
  target: TARGET,
  content: '{"token":"secret"}',
}
const ENV = {
  WEGENT_RUNTIME_CONFIG_RUNTIME: 'codex',
  WEGENT_RUNTIME_CONFIG_TARGET_PATH: '~/.codex/auth.json',
  WEGENT_RUNTIME_CONFIG_HOME_VARIABLE: 'CODEX_HOME',
} as const

describe('the payload of a command', () => {
  it('names interpreter and script for executors that are not ours', () => {
    expect(toExecuteCommand(SYNC, 'script')).toEqual({
      command_key: 'sync_runtime_auth_file',
      command: 'write the runtime auth file if it is missing (codex)',
      argv: ['python3', '-I', '-c', EXECUTOR_SCRIPT, 'write'],
      args: [],
      cwd: null,
      env: { ...ENV, WEGENT_RUNTIME_CONFIG_CONTENT: '{"token":"secret"}' },
      timeout_seconds: 60,
      max_output_bytes: 1_048_576,
    })
  })

  it('has no program in it for our agent', () => {
    expect(toExecuteCommand({ ...SYNC, replaceDigest: 'ab' }, 'agent')).toMatchObject({
      argv: [],
      env: {
        ...ENV,
        WEGENT_RUNTIME_CONFIG_CONTENT: '{"token":"secret"}',
        WEGENT_RUNTIME_CONFIG_REPLACE_DIGEST: 'ab',
      },
    })
  })

  it('tells our agent, and nobody else, of fence and document number', () => {
    const input = { ...SYNC, documentNumber: 1_790_000_000_000 }
    const fences = {
      WEGENT_RUNTIME_CONFIG_FENCE: '17',
      WEGENT_RUNTIME_CONFIG_DOCUMENT_NUMBER: '1790000000000',
    }

    expect(toExecuteCommand(input, 'agent', 17)?.env).toEqual({
      ...ENV,
      WEGENT_RUNTIME_CONFIG_CONTENT: '{"token":"secret"}',
      ...fences,
    })
    expect(toExecuteCommand(input, 'script', 17)).toEqual(toExecuteCommand(SYNC, 'script'))
    expect(toExecuteCommand(SYNC, 'agent')?.env).not.toHaveProperty('WEGENT_RUNTIME_CONFIG_FENCE')
  })

  it('reads with the same script', () => {
    const input = { key: 'read_runtime_auth_file', runtime: 'codex', target: TARGET } as const

    expect(toExecuteCommand(input, 'script')).toMatchObject({
      argv: ['python3', '-I', '-c', EXECUTOR_SCRIPT, 'read'],
      env: ENV,
    })
  })

  it('does not tell other executors to replace anything', () => {
    const payload = toExecuteCommand({ ...SYNC, replaceDigest: 'ab' }, 'script')

    expect(Object.keys(payload?.env ?? {})).not.toContain(COMMAND_ENV.replaceDigest)
  })

  it('leaves out a variable the runtime does not have', () => {
    const target = { ...TARGET, homeVariable: null }

    expect(Object.keys(toExecuteCommand({ ...SYNC, target }, 'agent')?.env ?? {})).not.toContain(
      COMMAND_ENV.homeVariable,
    )
  })

  it.each<CommandInput>([
    { key: 'remove_runtime_auth_file', runtime: 'codex', target: TARGET, expectedDigest: 'cd' },
    { key: 'probe_proxy', proxyUrl: 'http://user:secret@proxy:1', probeTarget: 'https://api.example' },
  ])('is none when other executors cannot do it: $key', (input) => {
    expect(toExecuteCommand(input, 'script')).toBeNull()
    expect(toExecuteCommand(input, 'agent')?.command_key).toBe(input.key)
  })

  it('carries secrets in env only', () => {
    const inputs: CommandInput[] = [SYNC, { key: 'probe_proxy', proxyUrl: 'http://user:secret@proxy:1' }]
    for (const form of ['agent', 'script'] as const) {
      for (const input of inputs) {
        const { env: _env, ...rest } = { env: {}, ...toExecuteCommand(input, form) }
        expect(JSON.stringify(rest)).not.toContain('secret')
      }
    }
  })
})

describe('content in environment variables', () => {
  it('68: splits at exactly the size that no longer fits into one string of Linux', () => {
    const [fits, tooLong] = [SPLIT_CONTENT_BYTES - 1, SPLIT_CONTENT_BYTES].map((size) =>
      splitContent('x'.repeat(size)),
    )

    expect(SPLIT_CONTENT_BYTES).toBe(131_042)
    expect([Object.keys(fits ?? {}), Object.keys(tooLong ?? {})]).toEqual([
      [COMMAND_ENV.content],
      [`${COMMAND_ENV.content}_0`, `${COMMAND_ENV.content}_1`, COMMAND_ENV.contentParts],
    ])
  })

  it.each([131_041, 131_042, 524_288, 1_500_000])('68: a process starts with content of %d bytes', (size) => {
    const env = splitContent('x'.repeat(size))

    expect(spawnSync(process.execPath, ['-e', ''], { env }).status).toBe(0)
  })

  it('is whole again after splitting and joining', () => {
    const pieces = fc.constantFrom('a', 'é', '中', '😀', '\n', '"')
    const content = fc
      .array(pieces, { minLength: 1, maxLength: 9 })
      .chain((some) => fc.integer({ min: 1, max: 40_000 }).map((times) => `{${some.join('').repeat(times)}}`))
    fc.assert(
      fc.property(content, (text) => {
        const env = splitContent(text)
        const strings = Object.entries(env).map(([name, value]) => Buffer.byteLength(`${name}=${value}`) + 1)
        expect(joinContent(env)).toEqual({ ok: true, content: text })
        expect(Math.max(...strings)).toBeLessThanOrEqual(131_072)
      }),
      { numRuns: 60 },
    )
  })

  it('never throws for whatever comes in', () => {
    const value = fc.option(fc.string(), { nil: undefined })
    const env = fc.record({
      [COMMAND_ENV.content]: value,
      [COMMAND_ENV.contentParts]: fc.oneof(value, fc.constantFrom('1', '2', '1e9', '٣', '0x2')),
      [`${COMMAND_ENV.content}_0`]: value,
    })
    fc.assert(
      fc.property(env, (env) => {
        const joined = joinContent(env)
        expect(joined.ok ? joined.content.trim() : joined.error).not.toBe('')
      }),
    )
  })
})
