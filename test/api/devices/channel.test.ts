import { describe, expect, it } from 'vitest'

import type { CommandResult, DeviceCommand } from '#core/device-command.ts'
import { Secret } from '#core/secret.ts'
import {
  aHeartbeat,
  MISSING,
  OUR_AGENT,
  PRESENT,
  type RunningGateway,
  startGateway,
} from '#test/support/device-gateway.ts'

const KEY = { namespace: 'user-7', deviceId: 'device-1' }
const TARGET = { targetPath: '~/.codex/auth.json', homeVariable: 'CODEX_HOME' }
const READ: DeviceCommand = { key: 'read_runtime_auth_file', runtime: 'codex', target: TARGET }
const REMOVE: DeviceCommand = {
  key: 'remove_runtime_auth_file',
  runtime: 'codex',
  target: TARGET,
  expectedDigest: 'ab',
}
const PROBE: DeviceCommand = {
  key: 'probe_proxy',
  proxyUrl: new Secret('http://user:canary-secret@proxy:80'),
}

function sync(changes: { readonly content?: string; readonly replaceDigest?: string } = {}): DeviceCommand {
  const { content = '{"token":"canary-secret"}', ...rest } = changes
  return {
    key: 'sync_runtime_auth_file',
    runtime: 'codex',
    target: TARGET,
    content: new Secret(content),
    ...rest,
  }
}

function ack(line: object | null, changes: object = {}): object {
  return {
    success: true,
    exit_code: 0,
    stdout: line === null ? '' : `${JSON.stringify(line)}\n`,
    stderr: '',
    duration: 0.25,
    timed_out: false,
    stdout_truncated: false,
    stderr_truncated: false,
    ...changes,
  }
}

function result(changes: Partial<CommandResult>): CommandResult {
  return {
    status: 'failed',
    path: null,
    content: null,
    error: null,
    exitCode: 0,
    durationMs: 250,
    isTruncated: false,
    probe: null,
    heartbeatCount: 1,
    ...changes,
  }
}

/** How a command was refused; fails when it was not. Listens from the start, so that no rejection goes unheard. */
async function failureOf(sent: Promise<CommandResult>): Promise<unknown> {
  return sent.then(
    () => 'an answer',
    (error: unknown) => error,
  )
}

/** What comes of one command that the device answers with this. */
async function outcome(command: DeviceCommand, ...answer: readonly unknown[]): Promise<CommandResult> {
  const gateway = await startGateway()
  const socket = await gateway.connect({ register: OUR_AGENT })
  const sent = gateway.channel.send(KEY, command)
  socket.answer(await socket.command(), ...answer)
  return sent
}

describe('asking', () => {
  it('sends our agent nothing to run, and the secret in env only', async () => {
    const gateway = await startGateway()
    const socket = await gateway.connect({ register: OUR_AGENT })
    const sent = gateway.channel.send(KEY, sync({ replaceDigest: 'cd' }))
    const asked = await socket.command()
    expect(asked.payload).toEqual({
      command_key: 'sync_runtime_auth_file',
      command: expect.not.stringContaining('canary'),
      argv: [],
      args: [],
      cwd: null,
      env: {
        WEGENT_RUNTIME_CONFIG_RUNTIME: 'codex',
        WEGENT_RUNTIME_CONFIG_TARGET_PATH: '~/.codex/auth.json',
        WEGENT_RUNTIME_CONFIG_HOME_VARIABLE: 'CODEX_HOME',
        WEGENT_RUNTIME_CONFIG_CONTENT: '{"token":"canary-secret"}',
        WEGENT_RUNTIME_CONFIG_REPLACE_DIGEST: 'cd',
      },
      timeout_seconds: 60,
      max_output_bytes: 1_048_576,
    })
    socket.answer(asked, ack({ status: 'written', runtime: 'codex', path: '~/.codex/auth.json' }))
    expect(await sent).toEqual(result({ status: 'written', path: '~/.codex/auth.json' }))
    expect(JSON.stringify(gateway.log)).not.toContain('canary')
  })

  it('sends any other executor an interpreter and a script, without the secret in either', async () => {
    const gateway = await startGateway()
    const socket = await gateway.connect()
    const sent = gateway.channel.send(KEY, sync())
    const asked = await socket.command()
    const { argv, env } = asked.payload
    expect(argv).toMatchObject(['python3', '-I', '-c', expect.any(String), 'write'])
    expect(JSON.stringify({ ...asked.payload, env: null })).not.toContain('canary')
    expect(env).toMatchObject({ WEGENT_RUNTIME_CONFIG_CONTENT: '{"token":"canary-secret"}' })
    socket.answer(asked, ack({ status: 'skipped_existing', path: '~/.codex/auth.json' }))
    expect(await sent).toEqual(result({ status: 'skipped_existing', path: '~/.codex/auth.json' }))
  })

  it.each([
    ['replacing', sync({ replaceDigest: 'cd' })],
    ['removing', REMOVE],
    ['probing', PROBE],
  ])('refuses %s on an executor that is not ours', async (_what, command) => {
    const gateway = await startGateway()
    await gateway.connect()
    await expect(gateway.channel.send(KEY, command)).rejects.toMatchObject({
      code: 'DEVICE_UNSUPPORTED',
      message: `Device 'device-1' cannot do this: '${command.key}' needs the runtimeconfig agent on it`,
    })
  })

  it.each([sync(), READ, REMOVE])('64: sends a remote device no $key', async (command) => {
    const gateway = await startGateway()
    const socket = await gateway.connect({ register: { ...OUR_AGENT, device_type: 'remote' } })
    await expect(gateway.channel.send(KEY, command)).rejects.toMatchObject({
      code: 'DEVICE_UNSUPPORTED',
      message: `Device command key '${command.key}' is not supported for remote devices`,
    })
    // Had something been sent, it would come before this answer.
    expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
  })

  it.each(['cloud', 'app', 'local'])('65: sends a %s device its commands, under its own id', async (type) => {
    const gateway = await startGateway()
    const deviceId = 'runtime-device-9'
    const socket = await gateway.connect({ deviceId, register: { device_type: type, app_device_id: '' } })
    const sent = gateway.channel.send({ namespace: 'user-7', deviceId }, sync())
    socket.answer(await socket.command(), ack({ status: 'written' }))
    expect(await sent).toMatchObject({ status: 'written' })
  })

  it('63: never sends to a device of another user with the same id', async () => {
    const gateway = await startGateway()
    const seven = await gateway.connect({ userId: '7' })
    const eight = await gateway.connect({ userId: '8' })
    const sent = gateway.channel.send(KEY, READ)
    seven.answer(await seven.command(), ack({ status: 'read', content: '{}' }))
    await sent
    expect(await eight.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
    await expect(
      gateway.channel.send({ namespace: 'user-9', deviceId: 'device-1' }, READ),
    ).rejects.toMatchObject({ code: 'DEVICE_OFFLINE', message: "Device 'device-1' is offline" })
  })

  it('refuses a device that is silent, gone or unknown', async () => {
    const gateway = await startGateway()
    const socket = await gateway.connect()
    await gateway.clock.advance(90_000)
    expect(await failureOf(gateway.channel.send(KEY, READ))).toMatchObject({ code: 'DEVICE_OFFLINE' })
    await socket.ask('device:heartbeat', aHeartbeat())
    socket.close()
    await gateway.logged('device disconnected')
    expect(await failureOf(gateway.channel.send(KEY, READ))).toMatchObject({ code: 'DEVICE_OFFLINE' })
  })
})

describe('one at a time', () => {
  it('58: takes heartbeats while a command hangs', async () => {
    const gateway = await startGateway()
    const socket = await gateway.connect()
    const sent = gateway.channel.send(KEY, sync())
    const asked = await socket.command()
    expect(await socket.ask('device:heartbeat', aHeartbeat({ runtime_auth_files: PRESENT }))).toEqual({
      success: true,
    })
    expect(gateway.reports.get(KEY)?.runtimes.get('codex')?.exists).toBe(true)
    socket.answer(asked, ack({ status: 'written' }))
    await sent
  })

  it('sends the next command when the one before is answered, in order', async () => {
    const gateway = await startGateway()
    const socket = await gateway.connect({ register: OUR_AGENT })
    const sent = [sync(), READ, REMOVE].map((command) => gateway.channel.send(KEY, command))
    const lines = [{ status: 'written' }, { status: 'read', content: '{}' }, { status: 'removed' }]
    const keys = []
    for (const line of lines) {
      const asked = await socket.command()
      keys.push(asked.payload['command_key'])
      expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
      socket.answer(asked, ack(line))
    }
    expect(keys).toEqual(['sync_runtime_auth_file', 'read_runtime_auth_file', 'remove_runtime_auth_file'])
    expect((await Promise.all(sent)).map(({ status }) => status)).toEqual(['written', 'read', 'removed'])
  })

  it('does not let one device wait for another', async () => {
    const gateway = await startGateway()
    const slow = await gateway.connect()
    const quick = await gateway.connect({ deviceId: 'device-2' })
    const hanging = gateway.channel.send(KEY, READ)
    const asked = await slow.command()
    const sent = gateway.channel.send({ ...KEY, deviceId: 'device-2' }, READ)
    quick.answer(await quick.command(), ack({ status: 'read', content: '{}' }))
    expect(await sent).toMatchObject({ status: 'read' })
    slow.answer(asked, ack({ status: 'read', content: '{}' }))
    expect(await hanging).toMatchObject({ status: 'read' })
  })

  it('refuses a command when too many wait', async () => {
    const gateway = await startGateway({ waitingCommands: 2 })
    const socket = await gateway.connect()
    const taken = [READ, READ, READ].map((command) => gateway.channel.send(KEY, command))
    expect(await failureOf(gateway.channel.send(KEY, READ))).toMatchObject({ code: 'RATE_LIMITED' })
    for (const _ of taken) socket.answer(await socket.command(), ack({ status: 'read', content: '{}' }))
    expect(await Promise.all(taken)).toHaveLength(3)
  })
})

describe('no answer', () => {
  const TIMEOUT = {
    code: 'DEVICE_TIMEOUT',
    message:
      "Command RPC timed out after 65 seconds while waiting for device 'device-1' to answer 'read_runtime_auth_file'",
  }

  it('62: gives up after 65 s, and the next command goes out', async () => {
    const gateway = await startGateway()
    const socket = await gateway.connect()
    const lost = failureOf(gateway.channel.send(KEY, READ))
    const asked = await socket.command()
    await gateway.clock.advance(64_999)
    const next = gateway.channel.send(KEY, READ)
    await gateway.clock.advance(1)
    expect(await lost).toMatchObject(TIMEOUT)
    const second = await socket.command()
    // The first answer, late: it must not count as the second one's.
    socket.answer(asked, ack({ status: 'read', content: '{"late":1}' }))
    socket.answer(second, ack({ status: 'read', content: '{}' }))
    expect((await next).content?.open()).toBe('{}')
  })

  it('counts the first of two answers', async () => {
    const gateway = await startGateway()
    const socket = await gateway.connect()
    const sent = gateway.channel.send(KEY, READ)
    const asked = await socket.command()
    socket.answer(asked, ack({ status: 'read', content: '{"first":1}' }))
    socket.answer(asked, ack({ status: 'read', content: '{"second":2}' }))
    expect((await sent).content?.open()).toBe('{"first":1}')
    expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
  })

  it.each([
    ['disconnects', async (_gateway: RunningGateway, close: () => void) => close()],
    ['registers on another socket', async (gateway: RunningGateway) => void (await gateway.connect())],
  ])('gives up at once when the device %s', async (_what, go) => {
    const gateway = await startGateway()
    const socket = await gateway.connect()
    const sent = failureOf(gateway.channel.send(KEY, READ))
    await socket.command()
    await go(gateway, () => socket.close())
    expect(await sent).toMatchObject({
      code: 'DEVICE_TIMEOUT',
      message: "Device 'device-1' disconnected before it answered 'read_runtime_auth_file'",
    })
  })

  it('tells those that still wait that the device is gone', async () => {
    const gateway = await startGateway()
    const socket = await gateway.connect()
    const first = failureOf(gateway.channel.send(KEY, READ))
    const second = failureOf(gateway.channel.send(KEY, READ))
    await socket.command()
    socket.close()
    expect([await first, await second]).toMatchObject([
      { code: 'DEVICE_TIMEOUT' },
      { code: 'DEVICE_OFFLINE' },
    ])
  })

  it('finishes the command in hand before it closes, and starts no other', async () => {
    const gateway = await startGateway()
    const socket = await gateway.connect()
    const sent = gateway.channel.send(KEY, READ)
    const waiting = failureOf(gateway.channel.send(KEY, READ))
    const asked = await socket.command()
    const closing = gateway.close()
    expect(await failureOf(gateway.channel.send(KEY, READ))).toMatchObject({ code: 'DEVICE_OFFLINE' })
    socket.answer(asked, ack({ status: 'read', content: '{}' }))
    expect(await sent).toMatchObject({ status: 'read' })
    expect(await waiting).toMatchObject({ code: 'DEVICE_OFFLINE' })
    await Promise.all([closing, socket.closed])
  })

  it('closes although a command hangs', async () => {
    const gateway = await startGateway({ closeTimeoutMs: 5000 })
    const socket = await gateway.connect()
    const sent = failureOf(gateway.channel.send(KEY, READ))
    await socket.command()
    const closing = gateway.close()
    await gateway.clock.advance(5000)
    await Promise.all([closing, socket.closed])
    expect(await sent).toMatchObject({ code: 'DEVICE_TIMEOUT' })
  })
})

describe('answers', () => {
  it('gives the content of a file byte for byte, after whatever the shell said before', async () => {
    const line = { status: 'read', path: '~/.codex/auth.json', content: '{"a":1.0}\n' }
    const answer = ack(line, { stdout: `Welcome!\n{"not": "it"}\n${JSON.stringify(line)}\n` })
    const read = await outcome(READ, answer)
    expect(read.content?.open()).toBe('{"a":1.0}\n')
    expect(JSON.stringify(read)).not.toContain('1.0')
    expect(read).toEqual(result({ status: 'read', path: '~/.codex/auth.json', content: expect.any(Secret) }))
  })

  it.each([
    [
      'failed',
      ack({ status: 'failed', error: 'runtime auth file does not exist' }, { success: false, exit_code: 66 }),
      { exitCode: 66, error: 'runtime auth file does not exist' },
    ],
    [
      'said something else',
      ack({ status: 'written' }),
      { error: "the device answered 'written' to 'read_runtime_auth_file'" },
    ],
    ['printed nothing', ack(null), { error: 'the device answered without a result' }],
    [
      'printed no result',
      ack(null, { stdout: '{"token":"canary"' }),
      { error: 'the device answered without a result' },
    ],
  ])('is a failure when the device %s', async (_what, answer, failure) => {
    expect(await outcome(READ, answer)).toEqual(result(failure))
  })

  it('says that output was cut, without any of it', async () => {
    const cut = await outcome(
      READ,
      ack(null, { stdout: '{"status":"read","content":"canary', stdout_truncated: true }),
    )
    expect(cut).toMatchObject({ status: 'failed', isTruncated: true, content: null })
    expect(JSON.stringify(cut)).not.toContain('canary')
  })

  it.each([
    ['nothing', []],
    ['null', [null]],
    ['a number', [7]],
    ['a list', [[1, 2]]],
    ['other fields', [{ hello: 'canary' }]],
    ['fields of the wrong kind', [{ success: 'yes', stdout: 5 }]],
  ])('does not stumble over an answer of %s', async (_what, answer) => {
    expect(await outcome(READ, ...answer)).toEqual(
      result({ exitCode: null, durationMs: 0, error: 'the device sent an answer that cannot be read' }),
    )
  })

  it('does not stumble over an answer nested 100 000 deep, or one that is no JSON', async () => {
    const gateway = await startGateway()
    const socket = await gateway.connect()
    const sent = gateway.channel.send(KEY, READ)
    const { id } = await socket.command()
    socket.send(`43/local-executor,${id}[${'['.repeat(100_000)}${']'.repeat(100_000)}]`)
    expect(await sent).toMatchObject({ status: 'failed' })
    const cut = gateway.channel.send(KEY, READ)
    const next = await socket.command()
    socket.send(`43/local-executor,${next.id}[{"success":true,"stdo`)
    expect(await failureOf(cut)).toMatchObject({ code: 'DEVICE_TIMEOUT' })
    await socket.closed
  })

  it('98: survives an answer of 10 MB and one of 2 MB that is used', async () => {
    const gateway = await startGateway()
    const socket = await gateway.connect()
    const garbage = gateway.channel.send(KEY, READ)
    socket.answer(await socket.command(), ack(null, { stdout: 'x'.repeat(10_000_000) }))
    expect(await garbage).toMatchObject({ status: 'failed', error: 'the device answered without a result' })
    const content = 'y'.repeat(2_000_000)
    const read = gateway.channel.send(KEY, READ)
    socket.answer(await socket.command(), ack({ status: 'read', content }))
    expect((await read).content?.open()).toBe(content)
    expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
  })

  it('98: survives a command of 50 s during which the device reads nothing', async () => {
    const gateway = await startGateway({ pingIntervalMs: 10 })
    const socket = await gateway.connect()
    socket.answersPings = false
    const sent = gateway.channel.send(KEY, READ)
    const asked = await socket.command()
    await gateway.clock.advance(50_000)
    while (socket.pings === 0) await new Promise((resolve) => setImmediate(resolve))
    socket.answer(asked, ack({ status: 'read', content: '{}' }))
    expect(await sent).toMatchObject({ status: 'read' })
    expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
  })

  it('hides what it sent when a device quotes it', async () => {
    const failed = { success: false, exit_code: 64 }
    const synced = await outcome(
      sync(),
      ack({ status: 'failed', error: 'unexpected token in {"token":"canary-secret"}' }, failed),
    )
    expect(synced.error).toBe('unexpected token in {"token":"[redacted]"}')
    const probed = await outcome(
      PROBE,
      ack({ status: 'failed', error: 'no route to http://user:canary-secret@proxy:80' }, failed),
    )
    expect(probed.error).toBe('no route to [redacted]')
  })

  it('hides the proxy in what a probe found', async () => {
    const found = { isReachable: false, isConnectAccepted: null, isAuthenticated: null, isTlsIntact: null }
    const quoting = { ...found, message: 'cannot reach proxy:80 as user with canary-secret' }
    const probed = await outcome(PROBE, ack({ status: 'probed', probe: quoting }))
    expect(probed.probe).toEqual({ ...found, message: 'cannot reach [redacted] as user with [redacted]' })
  })

  it('hands on what a probe found', async () => {
    const probe = {
      isReachable: true,
      isConnectAccepted: false,
      isAuthenticated: null,
      isTlsIntact: null,
      message: 'the proxy answered 403',
    }
    expect(await outcome(PROBE, ack({ status: 'probed', probe }))).toEqual(
      result({ status: 'probed', probe }),
    )
  })
})

it('asks for the file again once the next heartbeat says it is missing', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect({ files: PRESENT })
  const sent = new Promise<CommandResult>((resolve) => {
    gateway.reports.onChange(({ device }) => void gateway.channel.send(device, sync()).then(resolve))
  })
  socket.tell('device:heartbeat', aHeartbeat({ runtime_auth_files: MISSING }))
  socket.answer(await socket.command(), ack({ status: 'written' }))
  expect(await sent).toMatchObject({ status: 'written' })
})

it.each([
  ['one that came with the answer, after it', ['answer', 'heartbeat'], 1],
  ['one that came with the answer, before it', ['heartbeat', 'answer'], 2],
])('counts the heartbeats before an answer as they came over the wire: %s', async (_which, order, count) => {
  const gateway = await startGateway()
  const socket = await gateway.connect({ register: OUR_AGENT })
  const sent = gateway.channel.send(KEY, sync())
  const command = await socket.command()
  // In one go, as a busy server reads them.
  for (const what of order) {
    if (what === 'answer') socket.answer(command, ack({ status: 'written' }))
    else socket.tell('device:heartbeat', aHeartbeat({ runtime_auth_files: PRESENT }))
  }
  expect(await sent).toMatchObject({ status: 'written', heartbeatCount: count })
})
