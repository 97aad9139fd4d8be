import { connect } from 'node:net'

import { expect, it } from 'vitest'

import {
  aHeartbeat,
  aRegistration,
  aRuntime,
  MISSING,
  OUR_AGENT,
  startGateway,
} from '#test/support/device-gateway.ts'
import { ExecutorSocket } from '#test/support/executor-socket.ts'

const KEY = { namespace: 'user-7', deviceId: 'device-1' }
const NS = '/local-executor'

it.each([
  ['an unknown Engine.IO packet', '9'],
  ['an Engine.IO ping, which only servers send', '2'],
  ['an Engine.IO error', '4'],
  ['an unknown Socket.IO packet', '49'],
  ['an event that is no list', `42${NS},{"a":1}`],
  ['an event that is no JSON', `42${NS},["device:heartbeat",`],
  ['an event without a name', `42${NS},[]`],
  ['an event with a reserved name', `42${NS},["disconnect"]`],
  ['an event with a name that is an object', `42${NS},[{"a":1}]`],
  ['an event for a namespace it has not joined', '42/other,["x"]'],
  ['a CONNECT_ERROR', `44${NS},{"message":"x"}`],
  ['attachments that never come, and text', `451-${NS},["x",{"_placeholder":true,"num":0}]`, `42${NS},["x"]`],
  ['too many attachments', `4599999999-${NS},["x"]`],
  ['a number of attachments that is none', `45x-${NS},["x"]`],
  ['bytes that nobody announced', new Uint8Array([1, 2, 3])],
])('closes a socket that sends %s, and serves the others', async (_what, ...frames) => {
  const gateway = await startGateway()
  const other = await gateway.connect({ userId: '8' })
  const socket = await gateway.connect()
  for (const frame of frames) socket.send(frame)
  await socket.closed
  expect(await other.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
})

it.each([
  ['an answer nobody asked for', `43${NS},4711[{"success":true}]`],
  ['an answer without an id', `43${NS},[{"success":true}]`],
  ['an event without a payload', `42${NS},["device:heartbeat"]`],
  ['an event with a number for a name', `42${NS},[5,{}]`],
  ['an event named like a property of everything', `42${NS},["__proto__",{}]`],
  ['an event named error', `42${NS},["error",{}]`],
  ['many arguments', `42${NS},["device:register",${'1,'.repeat(5000)}1]`],
  ['a pong out of turn', '3'],
])('shrugs off %s', async (_what, frame) => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  socket.send(frame)
  expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
})

it('answers with the id that was sent, however large it is', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  socket.send(`42${NS},${Number.MAX_SAFE_INTEGER}["device:status",{}]`)
  expect(await socket.next()).toBe(`43${NS},${Number.MAX_SAFE_INTEGER}[{"success":true}]`)
  socket.send(`42${NS},${'9'.repeat(400)}["device:status",{}]`)
  expect(await socket.next()).toMatch(/\[\{"success":true\}\]$/)
})

it.each([
  ['an event', `451-${NS},7["device:heartbeat",{"_placeholder":true,"num":0}]`],
  ['an ack', `461-${NS},0[{"_placeholder":true,"num":0}]`],
])('closes a socket over %s that announces bytes, before it holds any for it', async (_what, frame) => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  socket.send(frame)
  await socket.closed
  expect(await gateway.metrics.metrics()).toContain('runtimeconfig_device_refusals_total{reason="binary"} 1')
})

it.each([
  [
    'deep lists',
    `{"device_id":"device-1","runtime_auth_files":${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
  ],
  ['deep objects', `{"device_id":"device-1","x":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`],
  ['many thousand keys', `{"device_id":"device-1","runtime_auth_files":{${manyKeys(30_000)}}}`],
  [
    'a prototype',
    '{"device_id":"device-1","__proto__":{"exists":false},"runtime_auth_files":{"__proto__":{}}}',
  ],
])('takes a heartbeat with %s and remembers none of it', async (_what, payload) => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  const before = gateway.reports.get(KEY)
  socket.send(`42${NS},7["device:heartbeat",${payload}]`)
  expect(await socket.next()).toBe(`43${NS},7[{"success":true}]`)
  expect(gateway.reports.get(KEY)).toEqual({ ...before, heartbeatCount: 2, runtimes: new Map() })
})

function manyKeys(count: number): string {
  return Array.from({ length: count }, (_unused, at) => `"runtime-${at}":{"exists":false}`).join(',')
}

it('closes a socket over a binary JSON bomb', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  socket.send(`451-${NS},["x",${'['.repeat(200_000)}${']'.repeat(200_000)}]`)
  socket.send(new Uint8Array([1]))
  await socket.closed
  expect(await (await gateway.connect()).ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
})

it('takes a large frame only from those who have shown a token, and none above the limit', async () => {
  const gateway = await startGateway()
  const stranger = await ExecutorSocket.open(gateway.url)
  await stranger.next()
  stranger.send(`40${NS},{"token":"${'x'.repeat(70_000)}"}`)
  expect(await stranger.closed).toBe(1009)
  const socket = await gateway.connect()
  expect(await socket.ask('device:anything', 'x'.repeat(1_000_000))).toEqual({ success: true })
  socket.tell('device:anything', 'x'.repeat(1_048_576))
  expect(await socket.closed).toBe(1009)
})

it('closes a socket that sends more bytes than anybody needs', async () => {
  const gateway = await startGateway({ bytesPerDevice: { perSecond: 1000, burst: 10_000 } })
  const socket = await gateway.connect()
  for (let number = 0; number < 20; number += 1) socket.tell('device:anything', 'x'.repeat(1000))
  await socket.closed
  expect(await gateway.metrics.metrics()).toContain('runtimeconfig_device_refusals_total{reason="bytes"}')
})

it('refuses heartbeats over the rate with a clear answer, and takes them again later', async () => {
  const gateway = await startGateway({ eventsPerDevice: { perSecond: 1, burst: 4 } })
  const socket = await gateway.connect()
  const other = await gateway.connect({ userId: '8' })
  const answers = []
  for (let beat = 0; beat < 4; beat += 1) answers.push(await socket.ask('device:heartbeat', aHeartbeat()))
  expect(answers).toEqual([
    { success: true },
    { success: true },
    { error: 'Too many events: slow down' },
    { error: 'Too many events: slow down' },
  ])
  expect(await other.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
  await gateway.clock.advance(1000)
  expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
  expect(await gateway.metrics.metrics()).toContain('runtimeconfig_device_refusals_total{reason="rate"} 2')
})

it('closes a socket that does not stop after thousands of refused events', async () => {
  const gateway = await startGateway({ eventsPerDevice: { perSecond: 1, burst: 4 } })
  const socket = await gateway.connect()
  for (let beat = 0; beat < 5000; beat += 1) socket.tell('device:heartbeat', aHeartbeat())
  await socket.closed
  expect(gateway.reports.get(KEY)?.heartbeatCount).toBe(3)
})

it('serves the others while one floods with thousands of events', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  const other = await gateway.connect({ userId: '8' })
  for (let beat = 0; beat < 5000; beat += 1) socket.tell(`device:${beat}`, { device_id: 'device-1' })
  expect(await other.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
  expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
})

it('closes a socket that asks and never reads the answers', async () => {
  const gateway = await startGateway()
  const { port, hostname } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => socket.destroy())
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(
    `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n',
  )
  let heard = ''
  const hear = async (text: string) => {
    while (!heard.includes(text)) {
      heard += await new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))))
    }
  }
  await hear('0{"sid"')
  socket.write(frameOf(`40${NS},{"token":"7"}`))
  await hear(`40${NS},{"sid"`)
  socket.pause()
  // Large answers fill the buffers of the operating system sooner.
  for (let number = 0; number < 300; number += 1) gateway.runtimes.push(aRuntime(`runtime-${number}`))
  const register = frameOf(`42${NS},1${JSON.stringify(['device:register', aRegistration(OUR_AGENT)])}`)
  socket.write(Buffer.concat(Array.from({ length: 3000 }, () => register)))
  while (!(await gateway.metrics.metrics()).includes('reason="backlog"')) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  socket.destroy()
  await closed
  expect(await (await gateway.connect()).ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
})

function frameOf(text: string): Buffer {
  const head = Buffer.from([0x81, 0x80 | 126, 0, 0, 0, 0, 0, 0])
  head.writeUInt16BE(text.length, 2)
  return Buffer.concat([head, Buffer.from(text)])
}

it('closes half-open sockets: the pong that never comes', async () => {
  const gateway = await startGateway({ pingIntervalMs: 10, pingTimeoutMs: 20 })
  const socket = await gateway.connect()
  socket.answersPings = false
  await gateway.logged('device disconnected')
  await socket.closed
  expect(gateway.reports.get(KEY)?.isOnline).toBe(true)
  await gateway.clock.advance(2000)
  expect(gateway.reports.get(KEY)?.isOnline).toBe(false)
})

it('cuts what a device says about itself to size', async () => {
  const gateway = await startGateway()
  const files = {
    codex: {
      exists: false,
      target_path: 'x'.repeat(5000),
      error: `bad\u001b[31m${'y'.repeat(9000)}`,
      digest: 'nope',
    },
  }
  await gateway.connect({ files, register: { executor_version: 'z'.repeat(5000) } })
  const report = gateway.reports.get(KEY)
  expect(report?.executorVersion).toBeNull()
  expect(report?.runtimes.get('codex')).toMatchObject({
    exists: false,
    targetPath: null,
    digest: null,
    error: `bad [31m${'y'.repeat(292)}`,
  })
})

it('treats ids that are names of properties like any other', async () => {
  const gateway = await startGateway()
  for (const id of ['__proto__', 'constructor', 'toString']) {
    const socket = await gateway.join()
    expect(await socket.ask('device:register', aRegistration({ device_id: id }))).toEqual({
      success: true,
      device_id: id,
    })
    const beat = aHeartbeat({
      device_id: id,
      runtime_auth_files: { ...MISSING, constructor: { exists: true } },
    })
    expect(await socket.ask('device:heartbeat', beat)).toEqual({ success: true })
  }
  expect(gateway.reports.list('user-7')).toHaveLength(3)
  expect(gateway.reports.list('__proto__')).toEqual([])
})
