import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { COMMAND_ENV } from '#protocol/command-env.ts'
import { AgentServer, startAgent, WIRE_CODEX } from '#test/support/agent-server.ts'
import { aFolder } from '#test/support/command-devices.ts'
import { until } from '#test/support/until.ts'

let root: ReturnType<typeof aFolder>
let home: string
let server: AgentServer

beforeEach(async () => {
  root = aFolder()
  home = join(root.path, 'home')
  mkdirSync(home)
  server = await AgentServer.start()
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
  root[Symbol.dispose]()
})

async function connected() {
  const agent = await startAgent(server.port, home)
  await until(() => agent.clock.delays.includes(30_000))
  return agent
}

function reported(): Readonly<Record<string, unknown>> {
  const beats = server.said.filter(([event]) => event === 'device:heartbeat')
  return beats.at(-1)?.[1]['runtime_auth_files'] as Record<string, unknown>
}

function hands(runtimes: readonly object[]): void {
  server.answers['device:register'] = { ...server.answers['device:register'], runtimes }
}

describe('a server that was taken over', () => {
  it('cannot keep a device busy with runtimes without end', async () => {
    hands(Array.from({ length: 20_000 }, (_unused, at) => ({ ...WIRE_CODEX, name: `runtime-${at}` })))
    const agent = await connected()
    await agent.stop()

    expect(Object.keys(reported())).toHaveLength(100)
    expect(statSync(join(root.path, 'state/state.json')).size).toBeLessThan(65_536)
  })

  it.each([
    ['a name like a property of everything', { name: '__proto__' }],
    ['an endless name', { name: 'x'.repeat(500_000) }],
    ['no name', { name: '' }],
    ['a name with a line of its own', { name: 'codex\n{"level":50}' }],
    ['an endless path', { target_path: `~/${'a/'.repeat(500_000)}b` }],
  ])('cannot make a device remember a runtime with %s', async (_what, odd) => {
    hands([{ ...WIRE_CODEX, ...odd }, WIRE_CODEX])
    const agent = await connected()
    await agent.stop()

    expect(Object.keys(reported())).toEqual(['codex'])
    expect(JSON.stringify(agent.log).length).toBeLessThan(2000)
  })

  it.each(['~/../outside.json', '~/a/../../outside.json', '/tmp/outside.json', '~root/x', '~/a\0b', '~', ''])(
    'cannot make a device look at, read or write %j',
    async (target_path) => {
      hands([{ ...WIRE_CODEX, target_path, home_variable: null }])
      const agent = await connected()
      const env = { [COMMAND_ENV.runtime]: 'codex', [COMMAND_ENV.targetPath]: target_path }
      const content = { [COMMAND_ENV.content]: '{}' }
      const acks = [
        await server.ask({ command_key: 'sync_runtime_auth_file', env: { ...env, ...content } }),
        await server.ask({ command_key: 'read_runtime_auth_file', env }),
      ]
      await agent.stop()

      expect(reported()).toMatchObject({ codex: { exists: null } })
      expect(acks).toMatchObject([{ exit_code: 64 }, { exit_code: 64 }])
      expect(readdirSync(home)).toEqual([])
      expect(existsSync(join(root.path, 'outside.json'))).toBe(false)
    },
  )

  it.each([
    '__proto__',
    'constructor',
    'SYNC_RUNTIME_AUTH_FILE',
    'read_runtime_auth_file\0',
    ['read_runtime_auth_file'],
    { toString: 'read_runtime_auth_file' },
    null,
    'x'.repeat(100_000),
  ])('cannot ask for %j', async (command_key) => {
    const agent = await connected()
    const env = { [COMMAND_ENV.runtime]: 'codex', [COMMAND_ENV.targetPath]: '~/.codex/auth.json' }
    expect(await server.ask({ command_key, env })).toMatchObject({ success: false, exit_code: 64 })
    await agent.stop()

    expect(JSON.stringify(agent.log).length).toBeLessThan(2000)
  })

  it('cannot hand out a key so short that digests could be tried out', async () => {
    const answer = { ...server.answers['device:register'], digest_key: 'ab' }
    server.answers['device:register'] = answer
    mkdirSync(join(home, '.codex'))
    const agent = await connected()
    const content = { [COMMAND_ENV.content]: '{"token":"secret"}' }
    const env = { [COMMAND_ENV.runtime]: 'codex', [COMMAND_ENV.targetPath]: '~/.codex/auth.json', ...content }
    const next = server.next('device:heartbeat')
    await server.ask({ command_key: 'sync_runtime_auth_file', env })
    await next
    await agent.stop()

    expect(reported()).toMatchObject({ codex: { exists: true, digest: null, account: null } })
    expect(readFileSync(join(home, '.codex/auth.json'), 'utf8')).toContain('secret')
  })

  it('cannot fill the log with what it sends', async () => {
    server.refusal = `no\u001b[2J${'x'.repeat(500_000)}`
    const refused = await startAgent(server.port, home)
    await until(() => refused.log.length > 0)
    await refused.stop()
    server.refusal = null
    const agent = await connected()
    const endless = 'x'.repeat(500_000)
    for (const [runtime, path] of [
      [endless, '~/a'],
      ['codex', `~/${endless}`],
    ] as const) {
      const env = { [COMMAND_ENV.runtime]: runtime, [COMMAND_ENV.targetPath]: path }
      const ack = await server.ask({ command_key: 'read_runtime_auth_file', env })
      expect(ack).toMatchObject({ exit_code: 64, stdout: expect.stringMatching(/^.{1,20000}\n$/) })
    }
    await agent.stop()

    expect(JSON.stringify([refused.log, agent.log]).length).toBeLessThan(30_000)
  })
})
