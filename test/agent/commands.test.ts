import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { CommandRunner } from '#agent/commands.ts'
import { openHome } from '#agent/home.ts'
import type { AgentLogger } from '#agent/ports.ts'
import { COMMAND_KEYS } from '#protocol/command-env.ts'
import { type CommandInput, toExecuteCommand } from '#protocol/command.ts'
import { aCommandEnv, aFileDeps, aFolder, aRunner, SILENT } from '#test/support/command-devices.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

const TARGET = { targetPath: '~/.codex/auth.json', homeVariable: null }
const SYNC: CommandInput = {
  key: 'sync_runtime_auth_file',
  runtime: 'codex',
  target: TARGET,
  content: '{"canary":1}',
}

let root: ReturnType<typeof aFolder>
let home: string
let runner: CommandRunner

beforeEach(() => {
  root = aFolder()
  home = join(root.path, 'home')
  mkdirSync(home)
  runner = aRunner(aFileDeps(openHome(home, {}), join(root.path, 'state')))
})

afterEach(() => root[Symbol.dispose]())

describe('our agent', () => {
  it.each([
    ['another key', { command_key: 'run_shell' }],
    ['a key in other letters', { command_key: 'SYNC_RUNTIME_AUTH_FILE' }],
    ['a key every object has', { command_key: 'constructor' }],
    ['no key', {}],
    ['a key that is no text', { command_key: ['sync_runtime_auth_file'] }],
  ])('refuses %s, whatever command and argv say', async (_what, part) => {
    const program = `touch ${join(home, 'touched')}`
    const payload = {
      command: program,
      argv: ['sh', '-c', program],
      args: [],
      cwd: home,
      env: aCommandEnv(),
      ...part,
    }
    const reply = await runner.run(payload)

    expect(reply).toMatchObject({ success: false, exit_code: 64 })
    expect(reply.stdout).toMatch(/"error":"this agent knows no command/)
    expect(readdirSync(home)).toEqual([])
  })

  it('does what the key says and not what command and argv say', async () => {
    const program = `touch ${join(home, 'touched')}`
    const payload = {
      ...toExecuteCommand(SYNC, 'agent'),
      command: program,
      argv: ['sh', '-c', program],
      cwd: '/',
    }

    expect(await runner.run(payload)).toMatchObject({ success: true, exit_code: 0 })
    expect(readdirSync(home)).toEqual(['.codex'])
  })

  it('answers every garbage with a failure and touches nothing', async () => {
    const key = fc.oneof(fc.string(), fc.constantFrom(...COMMAND_KEYS))
    const env = fc.oneof(fc.anything(), fc.dictionary(fc.string(), fc.anything()))
    const payload = fc.oneof(
      fc.anything(),
      fc.record({ command_key: key, env, max_output_bytes: fc.anything() }),
    )
    await fc.assert(
      fc.asyncProperty(payload, async (payload) => {
        const reply = await runner.run(payload)
        expect([0, 64, 66, 74]).toContain(reply.exit_code)
        expect(readdirSync(home)).toEqual([])
      }),
    )
  })

  it('answers like an executor', async () => {
    expect(await runner.run(toExecuteCommand(SYNC, 'agent'))).toEqual({
      success: true,
      exit_code: 0,
      stdout: '{"status":"written","runtime":"codex","path":"~/.codex/auth.json"}\n',
      stderr: '',
      duration: 0,
      timed_out: false,
      stdout_truncated: false,
      stderr_truncated: false,
    })
  })

  it('cuts an answer at the limit it is given and says so', async () => {
    mkdirSync(join(home, '.codex'))
    writeFileSync(join(home, '.codex/auth.json'), `{"a":"${'x'.repeat(500)}"}`)
    const payload = toExecuteCommand(
      { key: 'read_runtime_auth_file', runtime: 'codex', target: TARGET },
      'agent',
    )
    const reply = await runner.run({ ...payload, max_output_bytes: 100 })

    expect([reply.stdout.length, reply.stdout_truncated, reply.success]).toEqual([100, true, true])
  })

  it('says in its log what it did, and never content', async () => {
    const lines: string[] = []
    const say = (fields: object, message: string) => void lines.push(JSON.stringify({ ...fields, message }))
    const logger: AgentLogger = { info: say, warn: say, error: say }
    runner = aRunner(aFileDeps(openHome(home, {}), join(root.path, 'state')), logger)
    await runner.run(toExecuteCommand(SYNC, 'agent'))
    await runner.run(toExecuteCommand({ ...SYNC, content: '{"canary":' }, 'agent'))
    await runner.run(
      toExecuteCommand({ key: 'read_runtime_auth_file', runtime: 'codex', target: TARGET }, 'agent'),
    )

    expect(lines).toHaveLength(3)
    expect(lines.join('')).toContain('command failed')
    expect(lines.join('')).not.toContain('canary')
  })
})

describe('several commands', () => {
  function aProbingRunner() {
    const order: string[] = []
    const waiting: (() => void)[] = []
    const runner = new CommandRunner({
      files: () => aFileDeps(openHome(home, {}), join(root.path, 'state')),
      probe: async () => {
        order.push('begin')
        await new Promise<void>((resolve) => void waiting.push(resolve))
        order.push('end')
        return { status: 'probed' }
      },
      isCurrent: () => true,
      clock: new FakeClock(),
      logger: SILENT,
    })
    return { runner, order, waiting }
  }

  const PROBE = { command_key: 'probe_proxy', env: {} }
  const turn = () => new Promise((resolve) => void setImmediate(resolve))

  it('are carried out one at a time', async () => {
    const { runner, order, waiting } = aProbingRunner()
    const replies = [runner.run(PROBE), runner.run(PROBE)]
    await turn()
    expect(order).toEqual(['begin'])
    waiting.shift()?.()
    await turn()
    waiting.shift()?.()

    expect(await Promise.all(replies)).toHaveLength(2)
    expect(order).toEqual(['begin', 'end', 'begin', 'end'])
  })

  it('are refused beyond sixteen, and taken again afterwards', async () => {
    const { runner, waiting } = aProbingRunner()
    const taken = Array.from({ length: 16 }, () => runner.run(PROBE))

    expect((await runner.run(PROBE)).stdout).toContain('too many commands at once')
    for (let done = 0; done < 16; done += 1) {
      await turn()
      waiting.shift()?.()
    }
    await Promise.all(taken)
    expect(await runner.run({ command_key: 'nothing' })).toMatchObject({ exit_code: 64 })
  })

  it('go on after one that met a bug, whose text is kept to ourselves', async () => {
    const said: string[] = []
    const say = (fields: object) => void said.push(JSON.stringify(fields))
    const runner = new CommandRunner({
      files: () => aFileDeps(openHome(home, {}), join(root.path, 'state')),
      probe: () => Promise.reject(new TypeError('canary')),
      isCurrent: () => true,
      clock: new FakeClock(),
      logger: { info: say, warn: say, error: say },
    })

    expect(JSON.parse((await runner.run(PROBE)).stdout)).toMatchObject({ error: 'unexpected TypeError' })
    expect(await runner.run(toExecuteCommand(SYNC, 'agent'))).toMatchObject({ success: true })
    expect(said.join('')).not.toContain('canary')
  })
})
