import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

import { describe, expect, it, onTestFinished } from 'vitest'

import type { CommandResult, DeviceCommand } from '#core/device-command.ts'
import { Secret } from '#core/secret.ts'
import { aCommandResult } from '#test/support/api-devices.ts'
import { aKeyring } from '#test/support/keys.ts'
import { countsOf, startReplicas, type TestReplicas } from '#test/support/peers.ts'
import { until } from '#test/support/until.ts'

const CANARY = 'canary-secret'
const DEVICE = { namespace: 'user-7', deviceId: 'device-1' }
const TARGET = { targetPath: '~/.codex/auth.json', homeVariable: 'CODEX_HOME' }
const READ: DeviceCommand = { key: 'read_runtime_auth_file', runtime: 'codex', target: TARGET }
const HOLDER = "the replica 'b', which holds the connection of the device,"

/** A server of bytes on a real port. */
async function listen(
  onSocket: (socket: Socket) => void,
): Promise<{ readonly server: Server; readonly url: string }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** How a command to `b` was refused. */
function failureOf(replicas: TestReplicas, command: DeviceCommand = READ): Promise<unknown> {
  return replicas
    .get('a')
    .client.send('b', DEVICE, command)
    .then(
      () => 'an answer',
      (error: unknown) => error,
    )
}

/** A command at `b` that is answered when a test says so. */
function hold(replicas: TestReplicas) {
  const { promise, resolve } = Promise.withResolvers<CommandResult>()
  const sent: DeviceCommand[] = []
  replicas.get('b').own.commands = {
    send: (_device, command) => {
      sent.push(command)
      return promise
    },
  }
  return { sent, release: () => resolve(aCommandResult()) }
}

describe('a replica that is gone', () => {
  it('is not asked', async () => {
    const replicas = await startReplicas()
    replicas.urls.delete('b')

    expect(await failureOf(replicas)).toMatchObject({ code: 'DEVICE_OFFLINE', message: `${HOLDER} is gone` })
    expect(await countsOf(replicas.get('a'))).toEqual({ 'commands gone': 1 })
  })

  it('and still in the directory cannot be reached', async () => {
    const replicas = await startReplicas()
    const { server } = replicas.get('b')
    server.close()
    await once(server, 'close')

    expect(await failureOf(replicas)).toMatchObject({
      code: 'DEVICE_OFFLINE',
      message: `${HOLDER} cannot be reached`,
    })
  })

  it.each([
    ['a command', 'DEVICE_TIMEOUT'],
    ['a sync', 'DEVICE_OFFLINE'],
    ['an explanation', 'DEVICE_OFFLINE'],
  ])('and stops in the middle of %s rejects with %s', async (what, code) => {
    const replicas = await startReplicas()
    const { own, server } = replicas.get('b')
    const asked = Promise.withResolvers<void>()
    const never = () => {
      asked.resolve()
      return new Promise<never>(() => {})
    }
    own.commands = { send: never }
    own.authSync = { explain: never, requestSync: never }
    const { client } = replicas.get('a')
    const questions: Readonly<Record<string, () => Promise<unknown>>> = {
      'a command': () => client.send('b', DEVICE, READ),
      'a sync': () => client.requestSync('b', { namespace: 'user-7', runtime: 'codex', deviceIds: ['x'] }),
      'an explanation': () => client.explain('b', DEVICE, 'codex'),
    }
    const failed = questions[what]?.().catch((error: unknown) => error)
    await asked.promise
    server.closeAllConnections()

    expect(await failed).toMatchObject({ code, message: `${HOLDER} stopped before it answered` })
  })

  it('is not asked twice for a command over a connection that was kept: it may have been carried out', async () => {
    const replicas = await startReplicas()
    await replicas.get('a').client.send('b', DEVICE, READ)
    const { sent } = hold(replicas)
    const failed = failureOf(replicas)
    await until(() => sent.length === 1)
    replicas.get('b').server.closeAllConnections()

    expect(await failed).toMatchObject({ code: 'DEVICE_TIMEOUT' })
    expect(sent).toHaveLength(1)
  })

  it('and back is asked over a new connection, though the old one was kept', async () => {
    const replicas = await startReplicas()
    const { client } = replicas.get('a')
    await client.send('b', DEVICE, READ)
    replicas.get('b').server.closeAllConnections()

    expect(await client.send('b', DEVICE, READ)).toMatchObject({ status: 'read' })
  })
})

describe('a replica that hangs', () => {
  it('is given 70 s for a command', async () => {
    const replicas = await startReplicas()
    const { sent } = hold(replicas)
    const failed = failureOf(replicas)
    await until(() => sent.length === 1)
    await replicas.clock.advance(69_999)
    expect(await countsOf(replicas.get('a'))).toEqual({})
    await replicas.clock.advance(1)

    expect(await failed).toMatchObject({
      code: 'DEVICE_TIMEOUT',
      message: `${HOLDER} did not answer in time`,
    })
    expect(await countsOf(replicas.get('a'))).toEqual({ 'commands timed_out': 1 })
  })

  it('takes nothing of what comes too late, and answers the next question', async () => {
    const replicas = await startReplicas()
    const { sent, release } = hold(replicas)
    const failed = failureOf(replicas)
    await until(() => sent.length === 1)
    await replicas.clock.advance(70_000)
    await failed
    release()

    expect(await replicas.get('a').client.send('b', DEVICE, READ)).toMatchObject({ status: 'read' })
  })
})

describe('something else at the address of a replica', () => {
  it.each([
    ['says nothing and closes', ''],
    ['speaks no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['is cut off', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"from"'],
    ['answers with a page', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>'],
    ['answers without end', `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${'x'.repeat(7_000_000)}`],
  ])('that %s is a device that may have got its command', async (_what, answer) => {
    const replicas = await startReplicas()
    const { url } = await listen((socket) => socket.once('data', () => socket.end(answer)))
    replicas.urls.set('b', url)

    expect(await failureOf(replicas)).toMatchObject({ code: 'DEVICE_TIMEOUT' })
  })

  it.each([301, 400, 401, 403, 404, 413, 429, 503])(
    'that answers %d is a device that is offline',
    async (status) => {
      const replicas = await startReplicas()
      const answer = `HTTP/1.1 ${status} X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n`
      const { url } = await listen((socket) => socket.once('data', () => socket.end(answer)))
      replicas.urls.set('b', url)

      expect(await failureOf(replicas)).toMatchObject({
        code: 'DEVICE_OFFLINE',
        message: expect.stringContaining(`HTTP ${status}`),
      })
      expect(await countsOf(replicas.get('a'))).toEqual({ 'commands refused': 1 })
    },
  )

  it('that pretends to be the replica is not believed', async () => {
    const replicas = await startReplicas({ names: ['a', 'b', 'c'], keyrings: { c: aKeyring() } })
    replicas.urls.set('b', replicas.get('c').url)

    expect(await failureOf(replicas)).toMatchObject({ code: 'DEVICE_OFFLINE' })
  })
})

describe('what travels between replicas', () => {
  it('shows nobody what it is about, neither there nor back, nor does any log or error', async () => {
    const replicas = await startReplicas()
    const heard: Buffer[] = []
    const target = new URL(replicas.get('b').url)
    const { url } = await listen((socket) => {
      const onward = connect(Number(target.port), target.hostname)
      onward.on('error', () => socket.destroy())
      socket.on('data', (bytes: Buffer) => void heard.push(bytes))
      onward.on('data', (bytes: Buffer) => void heard.push(bytes))
      socket.pipe(onward).pipe(socket)
    })
    replicas.urls.set('b', url)
    const content = new Secret(`{"token":"${CANARY}"}`)
    const command = { key: 'sync_runtime_auth_file', runtime: 'codex', target: TARGET, content } as const
    replicas.get('b').own.commands = {
      send: async () => aCommandResult({ content: new Secret(CANARY), error: null }),
    }
    await replicas.get('a').client.send('b', DEVICE, command)
    replicas.get('b').own.commands = { send: () => Promise.reject(new TypeError(CANARY)) }
    const failure = await failureOf(replicas, command)

    const wire = Buffer.concat(heard).toString('latin1')
    const decoded = [...wire.matchAll(/[\w-]{8,}/g)].map(([text]) =>
      Buffer.from(text, 'base64url').toString('latin1'),
    )
    const seen = [wire, ...decoded, JSON.stringify(failure, ['message', 'stack'])].join('\n')
    expect(seen).toContain('POST /internal/v1/commands')
    expect(seen).toContain('"PeerMessage"')
    const secrets = [CANARY, 'device-1', 'user-7', '.codex', 'sync_runtime_auth_file']
    expect(secrets.filter((secret) => seen.includes(secret))).toEqual([])
    expect(replicas.get('a').log.join('')).not.toContain(CANARY)
  })
})
