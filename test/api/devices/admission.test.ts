import { io } from 'socket.io-client'
import { expect, it } from 'vitest'

import {
  aHeartbeat,
  aPrincipal,
  aRegistration,
  OUR_AGENT,
  startGateway,
} from '#test/support/device-gateway.ts'
import { ExecutorSocket } from '#test/support/executor-socket.ts'

const KEY = { namespace: 'user-7', deviceId: 'device-1' }

it.each([['device'], ['user']] as const)('lets a token of scope %s connect', async (scope) => {
  const gateway = await startGateway()
  gateway.tokens.good.set('7', aPrincipal('7', { scopes: new Set([scope]) }))
  await gateway.connect()
  expect(gateway.reports.list('user-7')).toHaveLength(1)
})

it.each([['execution'], ['admin']] as const)('refuses a token of scope %s', async (scope) => {
  const gateway = await startGateway()
  gateway.tokens.good.set('7', aPrincipal('7', { scopes: new Set([scope]) }))
  const socket = await ExecutorSocket.open(gateway.url)
  await socket.next()
  socket.send('40/local-executor,{"token":"7"}')
  expect(await socket.next()).toBe('44/local-executor,{"message":"token does not allow connecting a device"}')
  await socket.closed
})

it('lets a token of one device register as that device only', async () => {
  const gateway = await startGateway()
  gateway.tokens.good.set('7', aPrincipal('7', { deviceId: 'device-1' }))
  const socket = await gateway.join()
  expect(await socket.ask('device:register', aRegistration({ device_id: 'device-2' }))).toEqual({
    error:
      'Invalid payload: device_id: this token belongs to another device, device-1; start the agent with --device-id device-1, or make a token for this device',
  })
  expect(await socket.ask('device:register', aRegistration())).toEqual({
    success: true,
    device_id: 'device-1',
  })
})

it('disconnects a token within a minute of its revocation', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  const other = await gateway.connect({ userId: '8' })
  gateway.tokens.good.delete('7')
  await gateway.clock.advance(59_000)
  expect(await socket.next()).toBe('41/local-executor,')
  await socket.closed
  expect(gateway.reports.get(KEY)?.isOnline).toBe(false)
  expect(await other.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
})

it('sends no command to a token that was revoked a moment ago', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  gateway.tokens.good.delete('7')
  const sent = gateway.channel.send(KEY, {
    key: 'read_runtime_auth_file',
    runtime: 'codex',
    target: { targetPath: '~/.codex/auth.json', homeVariable: null },
  })
  await expect(sent).rejects.toMatchObject({
    code: 'DEVICE_OFFLINE',
    message: "Device 'device-1' is offline",
  })
  expect(await socket.next()).toBe('41/local-executor,')
  await socket.closed
})

it('keeps looking at a token as long as it is connected, and no longer', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  await gateway.clock.advance(40_000)
  await gateway.clock.advance(40_000)
  expect(gateway.tokens.checks).toBe(3)
  socket.close()
  await gateway.logged('device disconnected')
  await gateway.clock.advance(400_000)
  expect(gateway.tokens.checks).toBe(3)
})

it('loses no device because the store is away', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  gateway.tokens.isStoreDown = true
  await gateway.clock.advance(50_000)
  expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
  expect(gateway.log.map(({ message }) => message)).toContain(
    'token of a connected device could not be checked',
  )
  gateway.tokens.isStoreDown = false
  gateway.tokens.good.delete('7')
  await gateway.clock.advance(40_000)
  expect(await socket.next()).toBe('41/local-executor,')
})

it('asks a client to come again while the store is away', async () => {
  const gateway = await startGateway()
  gateway.tokens.isStoreDown = true
  const socket = await ExecutorSocket.open(gateway.url)
  await socket.next()
  socket.send('40/local-executor,{"token":"7"}')
  expect(await socket.next()).toBe(
    '44/local-executor,{"message":"token cannot be checked at the moment; try again later"}',
  )
  await socket.closed
})

it('bounds how often one user connects, and nobody else notices', async () => {
  const gateway = await startGateway({ connectsPerUser: { perSecond: 1, burst: 2 } })
  await gateway.join('7')
  await gateway.join('7')
  const third = await ExecutorSocket.open(gateway.url)
  await third.next()
  third.send('40/local-executor,{"token":"7"}')
  expect(await third.next()).toContain('too many connections of this user; try again later')
  await third.closed
  await gateway.connect({ userId: '8' })
  await gateway.clock.advance(1000)
  await gateway.join('7')
  expect(await gateway.metrics.metrics()).toContain(
    'runtimeconfig_device_refusals_total{reason="connects"} 1',
  )
})

it('bounds how many sockets there are at all', async () => {
  const gateway = await startGateway({ connections: 1 })
  const first = await gateway.join()
  await expect(ExecutorSocket.open(gateway.url)).rejects.toBeDefined()
  first.close()
  await gateway.logged('device disconnected')
  await gateway.join()
})

it('closes a socket that leaves the namespace, or joins it twice', async () => {
  const gateway = await startGateway()
  const leaving = await gateway.join()
  leaving.send('41/local-executor,')
  await leaving.closed
  const eager = await gateway.join()
  eager.send('40/local-executor,{"token":"7"}')
  await eager.closed
  const impatient = await ExecutorSocket.open(gateway.url)
  for (let attempt = 0; attempt < 50; attempt += 1) impatient.send('40/local-executor,{"token":"7"}')
  await impatient.closed
  expect(gateway.tokens.checks).toBe(3)
})

it('keeps no token, in its log either', async () => {
  const gateway = await startGateway()
  gateway.tokens.good.set('canary-token', aPrincipal('7'))
  const client = io(`${gateway.url}/local-executor`, {
    transports: ['websocket'],
    auth: { token: 'canary-token' },
    reconnection: false,
  })
  await new Promise((resolve) => client.on('connect', () => resolve(null)))
  const answer = await client.emitWithAck('device:register', aRegistration(OUR_AGENT))
  expect(JSON.stringify([answer, gateway.log, await gateway.metrics.metrics()])).not.toContain('canary')
  client.close()
})

it('says goodbye so that Socket.IO clients come back by themselves', async () => {
  const gateway = await startGateway()
  const client = io(`${gateway.url}/local-executor`, { transports: ['websocket'], auth: { token: '7' } })
  await new Promise((resolve) => client.on('connect', () => resolve(null)))
  const left = new Promise((resolve) => client.on('disconnect', resolve))
  await gateway.close()
  expect([await left, client.active]).toEqual(['transport close', true])
  client.close()
})
