import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { type CommandInput, toExecuteCommand } from '#protocol/command.ts'
import { AgentServer, startAgent, WIRE_CODEX } from '#test/support/agent-server.ts'
import { aFolder } from '#test/support/command-devices.ts'
import { until } from '#test/support/until.ts'

const TARGET = { targetPath: '~/.codex/auth.json', homeVariable: 'CODEX_HOME' } as const
const SYNC: CommandInput = {
  key: 'sync_runtime_auth_file',
  runtime: 'codex',
  target: TARGET,
  content: '{"token":"secret"}',
}
const MISSING = {
  target_path: '~/.codex/auth.json',
  exists: false,
  digest: null,
  last_written_digest: null,
  account: null,
  last_refresh: null,
  sessions: null,
}

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

async function connected(overrides: Parameters<typeof startAgent>[2] = {}) {
  const agent = await startAgent(server.port, home, overrides)
  await until(() => agent.clock.delays.includes(30_000))
  return agent
}

const heartbeats = () => server.said.filter(([event]) => event === 'device:heartbeat').length

describe('the agent', () => {
  it('registers, reports, and says goodbye when it is stopped', async () => {
    const agent = await connected()
    await agent.stop()

    expect(server.said).toEqual([
      [
        'device:register',
        {
          device_id: 'dev-1',
          name: 'Laptop',
          device_type: 'local',
          executor_version: '1.2.3',
          runtime_features: { runtimeConfigAgent: { schemaVersion: 1 } },
          fence: agent.clock.now(),
        },
      ],
      [
        'device:heartbeat',
        {
          device_id: 'dev-1',
          running_task_ids: [],
          executor_version: '1.2.3',
          runtime_features: { runtimeConfigAgent: { schemaVersion: 1 } },
          runtime_auth_files: { codex: MISSING },
        },
      ],
      ['device:status', { device_id: 'dev-1', status: 'offline' }],
    ])
    expect(server.tokens).toEqual(['token-1'])
  })

  it('finishes the command in hand when it is stopped, and only then says goodbye', async () => {
    const agent = await connected()
    const proxy = createServer().listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const arrived = once(proxy, 'connection')
    const ack = server.ask(toExecuteCommand({ key: 'probe_proxy', proxyUrl }, 'agent'))
    const [connection] = (await arrived) as [Socket]

    const stopped = agent.stop()
    await new Promise((resolve) => setImmediate(resolve))
    expect(server.said.filter(([event]) => event === 'device:status')).toEqual([])
    connection.destroy()
    expect(await ack).toMatchObject({ success: true, exit_code: 0 })
    await stopped
    expect(server.said.at(-1)).toEqual(['device:status', { device_id: 'dev-1', status: 'offline' }])
    proxy.close()
  })

  it('goes by an id of its own when it is given none, the same at each start', async () => {
    const ids: string[] = []
    for (let start = 0; start < 2; start += 1) {
      const agent = await startAgent(server.port, home, { isNameless: true })
      await agent.logged('registered')
      await agent.stop()
      ids.push(agent.deviceId)
    }

    expect(ids[0]).toMatch(/-[0-9a-f]{8}$/)
    expect(ids[1]).toBe(ids[0])
    expect(server.said[0]?.[1]).toMatchObject({ device_id: ids[0], name: hostname() })
  })

  it('writes the file, answers, and proves it with its next heartbeat', async () => {
    const agent = await connected()
    const proof = server.next('device:heartbeat')
    const ack = await server.ask(toExecuteCommand(SYNC, 'agent'))

    expect(ack).toMatchObject({ success: true, exit_code: 0, timed_out: false })
    expect(readFileSync(join(home, '.codex/auth.json'), 'utf8')).toBe('{"token":"secret"}\n')
    const report = (await proof)['runtime_auth_files'] as Record<string, Record<string, unknown>>
    expect(report['codex']).toMatchObject({ exists: true, size: 19, mode: 0o600 })
    expect(report['codex']?.['digest']).toBe(report['codex']?.['last_written_digest'])
    await agent.stop()
    expect(JSON.stringify([agent.log, server.said])).not.toContain('secret')
  })

  it('does nothing but its four commands', async () => {
    const agent = await connected()
    const program = ['sh', '-c', `touch ${join(home, 'touched')}`]
    const ack = await server.ask({ command_key: 'shell', command: program.join(' '), argv: program, env: {} })
    await agent.stop()

    expect(ack).toMatchObject({ success: false, exit_code: 64 })
    expect(readdirSync(home)).toEqual([])
  })

  it('beats every 30 seconds, whatever the wall clock does', async () => {
    const agent = await connected()
    agent.clock.jump(-86_400_000)
    await agent.clock.advance(29_999)
    expect(heartbeats()).toBe(1)
    const next = server.next('device:heartbeat')
    await agent.clock.advance(1)
    await next
    await agent.stop()

    expect(heartbeats()).toBe(2)
  })

  it('beats within two seconds after an auth file changed', async () => {
    const agent = await connected()
    mkdirSync(join(home, '.codex'))
    writeFileSync(join(home, '.codex/auth.json'), '{}')
    const next = server.next('device:heartbeat')
    await agent.clock.advance(2000)
    const { runtime_auth_files: files } = await next
    await agent.stop()

    expect(files).toMatchObject({ codex: { exists: true, size: 2 } })
  })

  it('takes a new list of runtimes while it is connected', async () => {
    const agent = await connected()
    const next = server.next('device:heartbeat')
    const gemini = { ...WIRE_CODEX, name: 'gemini', target_path: '~/.gemini/oauth.json', home_variable: null }
    server.socket?.emit('device:runtimes', { runtimes: [WIRE_CODEX, gemini] })
    const { runtime_auth_files: files } = await next
    server.socket?.emit('device:runtimes', { runtimes: 'none' })
    await agent.logged('the server sent a list of runtimes that cannot be read')
    await agent.stop()

    expect(files).toEqual({ codex: MISSING, gemini: { ...MISSING, target_path: '~/.gemini/oauth.json' } })
  })

  it('is content with a server that assigns nothing', async () => {
    server.answers['device:register'] = { success: true, device_id: 'dev-1' }
    const agent = await connected()
    await agent.stop()

    expect(server.said[1]?.[1]['runtime_auth_files']).toEqual({})
  })

  it('takes away what a killed one left, even if the server is not there', async () => {
    await (await connected()).stop()
    mkdirSync(join(home, '.codex'))
    writeFileSync(join(home, '.codex/.runtimeconfig-0123456789abcdef.tmp'), '{')
    await server[Symbol.asyncDispose]()
    await (await startAgent(server.port, home)).stop()

    expect(readdirSync(join(home, '.codex'))).toEqual([])
  })
})

describe('an agent without a connection', () => {
  it('comes back after the server went away, later each time, and registers again', async () => {
    const agent = await connected()
    const lost = agent.logged('not connected; trying again')
    await server[Symbol.asyncDispose]()
    expect((await lost).fields).toEqual({
      reason: 'connection closed: transport close',
      server: `127.0.0.1:${server.port}`,
      retryInMs: 500,
    })
    await until(() => agent.clock.pending === 1)
    const again = agent.logged('not connected; trying again')
    await agent.clock.advance(500)
    expect((await again).fields).toMatchObject({
      reason: expect.stringContaining('ECONNREFUSED'),
      retryInMs: 1000,
    })
    server = await AgentServer.start(server.port)
    await until(() => agent.clock.pending === 1)
    const beat = server.next('device:heartbeat')
    await agent.clock.advance(1000)
    await beat
    await agent.stop()

    expect(server.said.map(([event]) => event)).toEqual([
      'device:register',
      'device:heartbeat',
      'device:status',
    ])
  })

  it('stays away as long as the server asked its devices to', async () => {
    server.answers['device:register'] = { ...server.answers['device:register'], retry_after_ms: 7000 }
    const agent = await connected()
    const lost = agent.logged('not connected; trying again')
    server.socket?.disconnect(true)

    expect((await lost).fields).toMatchObject({ retryInMs: 7500 })
    await agent.stop()
  })

  it('says clearly that its token is refused, and tries a new one slowly', async () => {
    server.refusal = 'token is revoked'
    let token = 'old'
    const agent = await startAgent(server.port, home, { readToken: () => token })
    const line = await agent.logged('the server refuses this device; check its token, trying again slowly')
    expect(line).toMatchObject({ level: 'warn', fields: { reason: 'token is revoked', retryInMs: 15_000 } })
    server.refusal = null
    token = 'new'
    await until(() => agent.clock.pending === 1)
    const beat = server.next('device:heartbeat')
    await agent.clock.advance(15_000)
    await beat
    await agent.stop()

    expect(server.tokens).toEqual(['old', 'new'])
  })

  it('says that its token cannot be read', async () => {
    const agent = await startAgent(server.port, home, {
      readToken: () => Promise.reject(new Error('no token file at /x')),
    })
    const line = await agent.logged('the server refuses this device; check its token, trying again slowly')
    await agent.stop()

    expect(line.fields).toMatchObject({ reason: 'no token file at /x' })
  })

  it('says why its registration is refused', async () => {
    server.answers['device:register'] = { error: 'Invalid payload: name' }
    const agent = await startAgent(server.port, home)
    const line = await agent.logged('the server refuses this device; check its token, trying again slowly')
    await agent.stop()

    expect(line.fields).toMatchObject({ reason: 'Invalid payload: name' })
  })

  it('leaves the field to another agent with the same id', async () => {
    server.answers['device:heartbeat'] = { error: 'Stale device connection' }
    const agent = await startAgent(server.port, home)
    const line = await agent.logged(
      'another agent registered under the same device id; give each a --device-id of its own',
    )
    await agent.stop()

    expect(line.fields).toMatchObject({ retryInMs: 225_000 })
  })

  it('registers again when the server forgot it', async () => {
    server.answers['device:heartbeat'] = { error: 'Device ID mismatch' }
    const agent = await startAgent(server.port, home)
    await agent.logged('not connected; trying again')
    server.answers['device:heartbeat'] = { success: true }
    await until(() => agent.clock.pending === 1)
    const registered = agent.logged('registered')
    await agent.clock.advance(500)
    await registered
    await agent.stop()

    expect(server.said.filter(([event]) => event === 'device:register')).toHaveLength(2)
  })

  it('gives up on a server that does not answer', async () => {
    const agent = await connected()
    server.socket?.offAny()
    await agent.clock.advance(30_000)
    await until(() => agent.clock.delays.filter((delay) => delay === 10_000).length === 3)
    const lost = agent.logged('not connected; trying again')
    await agent.clock.advance(10_000)

    expect((await lost).fields).toMatchObject({
      reason: 'the server did not answer device:heartbeat within 10 s',
    })
    await agent.stop()
  })

  it('stops at once while it waits for a server', async () => {
    await server[Symbol.asyncDispose]()
    const agent = await startAgent(server.port, home)
    await agent.logged('not connected; trying again')
    await agent.stop()

    expect(agent.clock.pending).toBe(0)
  })

  it('stops when it was told to before it began', async () => {
    const agent = await startAgent(server.port, home, { signal: AbortSignal.abort() })
    await agent.stopped

    expect(server.said).toEqual([])
  })
})
