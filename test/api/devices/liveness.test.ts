import { expect, it } from 'vitest'

import {
  aHeartbeat,
  aRegistration,
  aRuntime,
  MISSING,
  PRESENT,
  type RunningGateway,
  startGateway,
} from '#test/support/device-gateway.ts'

const KEY = { namespace: 'user-7', deviceId: 'device-1' }

function isOnline(gateway: RunningGateway): boolean | undefined {
  return gateway.reports.get(KEY)?.isOnline
}

function change(kind: string, runtimes: readonly string[] = []): object {
  return { device: KEY, kind, runtimes }
}

it('is not online before its first heartbeat, however long it is registered', async () => {
  const gateway = await startGateway()
  const socket = await gateway.join()
  await socket.ask('device:register', aRegistration())
  expect(gateway.reports.get(KEY)).toEqual({
    ...KEY,
    displayName: 'Laptop',
    deviceType: 'local',
    executorVersion: '1.8.6',
    isOurAgent: false,
    isOnline: false,
    lastHeartbeatAt: null,
    heartbeatCount: 0,
    runtimes: new Map(),
    configs: new Map(),
  })
  expect(gateway.changes).toEqual([change('registered')])
})

it('says what its first heartbeat says, once', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  await socket.ask('device:heartbeat', aHeartbeat())
  expect(gateway.changes).toEqual([change('registered'), change('online', ['codex'])])
  expect(gateway.reports.get(KEY)).toMatchObject({
    isOnline: true,
    lastHeartbeatAt: Date.parse('2026-11-21T10:00:00Z'),
    heartbeatCount: 2,
    runtimes: new Map([
      ['codex', expect.objectContaining({ exists: false, targetPath: '/home/u/.codex/auth.json' })],
    ]),
  })
})

it('tells of the layers of a configuration once, and again when they change', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  const say = async (version: string) => {
    const runtime_config_layers = { codex: [{ type: 'user', version: `sha256:${version.repeat(64)}` }] }
    await socket.ask('device:heartbeat', aHeartbeat({ runtime_config_layers }))
  }
  for (const version of ['a', 'a', 'b', 'b']) await say(version)
  expect(gateway.changes.slice(2)).toEqual([change('layers'), change('layers')])
  expect(gateway.reports.get(KEY)?.configs).toEqual(
    new Map([['codex', [{ type: 'user', version: `sha256:${'b'.repeat(64)}` }]]]),
  )
})

it('94: hands the device over to the socket that registered last', async () => {
  const gateway = await startGateway()
  const first = await gateway.connect()
  const second = await gateway.connect()
  expect(await first.ask('device:heartbeat', aHeartbeat())).toEqual({ error: 'Stale device connection' })
  first.close()
  await gateway.logged('device disconnected')
  await gateway.clock.advance(10_000)
  expect(isOnline(gateway)).toBe(true)
  const sent = gateway.channel.send(KEY, {
    key: 'read_runtime_auth_file',
    runtime: 'codex',
    target: { targetPath: '~/.codex/auth.json', homeVariable: null },
  })
  second.answer(await second.command(), { success: true, stdout: '{"status":"read","content":"{}"}' })
  expect(await sent).toMatchObject({ status: 'read' })
  expect(gateway.changes).toEqual([change('registered'), change('online', ['codex'])])
})

it('95: goes offline after 90 s without a heartbeat and comes back with the next, without registering', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  await gateway.clock.advance(89_999)
  expect(isOnline(gateway)).toBe(true)
  await gateway.clock.advance(1)
  expect(isOnline(gateway)).toBe(false)
  await socket.ask('device:heartbeat', aHeartbeat())
  expect(isOnline(gateway)).toBe(true)
  expect(gateway.changes.slice(2)).toEqual([change('offline'), change('online')])
})

it('95: stays online as long as heartbeats come', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  for (let beat = 0; beat < 20; beat += 1) {
    await gateway.clock.advance(30_000)
    await socket.ask('device:heartbeat', aHeartbeat())
  }
  expect(gateway.changes).toHaveLength(2)
})

it('96: forgives a dropped socket for 2 s', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  socket.close()
  await gateway.logged('device disconnected')
  await gateway.clock.advance(1999)
  expect(isOnline(gateway)).toBe(true)
  await gateway.clock.advance(1)
  expect(isOnline(gateway)).toBe(false)
  expect(gateway.changes.slice(2)).toEqual([change('offline')])
})

it('96: notices nothing of a reconnect within the grace', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  socket.close()
  await gateway.logged('device disconnected')
  await gateway.clock.advance(1500)
  await gateway.connect()
  await gateway.clock.advance(5000)
  expect(isOnline(gateway)).toBe(true)
  expect(gateway.changes).toHaveLength(2)
})

it('96: waits for a heartbeat after a reconnect that came too late', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  socket.close()
  await gateway.logged('device disconnected')
  await gateway.clock.advance(5000)
  const again = await gateway.join()
  await again.ask('device:register', aRegistration())
  expect(isOnline(gateway)).toBe(false)
  await again.ask('device:heartbeat', aHeartbeat())
  expect(gateway.changes.slice(2)).toEqual([change('offline'), change('online')])
})

it('does not mistake a jump of the wall clock for silence', async () => {
  const gateway = await startGateway()
  await gateway.connect()
  gateway.clock.jump(3_600_000)
  await gateway.clock.advance(1000)
  expect(isOnline(gateway)).toBe(true)
})

it('says so when a device describes itself differently', async () => {
  const gateway = await startGateway()
  await gateway.connect()
  await gateway.connect({ register: { name: 'Renamed' } })
  expect(gateway.changes.slice(2)).toEqual([change('registered')])
  expect(gateway.reports.get(KEY)?.displayName).toBe('Renamed')
})

it('reports a file that came and one that is no longer mentioned, and nothing in between', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  for (const files of [PRESENT, PRESENT, undefined, {}, null, MISSING, MISSING]) {
    await socket.ask('device:heartbeat', aHeartbeat({ runtime_auth_files: files }))
  }
  expect(gateway.changes.slice(2)).toEqual([
    change('runtimes', ['codex']),
    change('runtimes', ['codex']),
    change('runtimes', ['codex']),
  ])
})

it('reports the next heartbeat that somebody waits for, even if it says the same', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  gateway.reports.awaitHeartbeat(KEY, 'codex')
  gateway.reports.awaitHeartbeat({ ...KEY, deviceId: 'nobody' }, 'codex')
  await socket.ask('device:heartbeat', aHeartbeat())
  await socket.ask('device:heartbeat', aHeartbeat())
  expect(gateway.changes.slice(2)).toEqual([change('runtimes', ['codex'])])
})

it('ignores runtimes that are not registered, until they are', async () => {
  const gateway = await startGateway()
  const files = { gemini: { exists: false, target_path: '~/.gemini/auth.json' } }
  const socket = await gateway.connect({ files })
  expect(gateway.reports.get(KEY)?.runtimes).toEqual(new Map())
  gateway.runtimes.push(aRuntime('gemini'))
  await socket.ask('device:heartbeat', aHeartbeat({ runtime_auth_files: files }))
  expect(gateway.changes.slice(2)).toEqual([change('runtimes', ['gemini'])])
})

it('stops telling who no longer listens', async () => {
  const gateway = await startGateway()
  const heard: string[] = []
  const stop = gateway.reports.onChange(({ kind }) => void heard.push(kind))
  const socket = await gateway.connect()
  stop()
  await socket.ask('device:heartbeat', aHeartbeat({ runtime_auth_files: PRESENT }))
  expect(heard).toEqual(['registered', 'online'])
})

it('drops the device that a socket spoke for before', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  await socket.ask('device:register', aRegistration({ device_id: 'device-2' }))
  expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ error: 'Device ID mismatch' })
  await gateway.clock.advance(2000)
  expect(isOnline(gateway)).toBe(false)
})

it('63: keeps two users with the same device id apart', async () => {
  const gateway = await startGateway()
  await gateway.connect({ userId: '7', register: { name: 'of seven' } })
  const eight = await gateway.connect({ userId: '8', register: { name: 'of eight' }, files: PRESENT })
  eight.close()
  await gateway.logged('device disconnected')
  await gateway.clock.advance(2000)
  expect(gateway.reports.list('user-7')).toMatchObject([{ displayName: 'of seven', isOnline: true }])
  expect(gateway.reports.list('user-8')).toMatchObject([{ displayName: 'of eight', isOnline: false }])
  expect(gateway.reports.list('user-9')).toEqual([])
})

it('forgets the device that is offline longest when a user has too many', async () => {
  const gateway = await startGateway({ devicesPerUser: 2 })
  const sockets = [await gateway.connect({ deviceId: 'a' }), await gateway.connect({ deviceId: 'b' })]
  const third = await gateway.join()
  expect(await third.ask('device:register', aRegistration({ device_id: 'c' }))).toEqual({
    error: 'Too many devices: disconnect one that is not needed any more',
  })
  for (const [times, socket] of sockets.toReversed().entries()) {
    socket.close()
    await gateway.logged('device disconnected', times + 1)
    await gateway.clock.advance(2000)
  }
  await gateway.connect({ deviceId: 'c' })
  expect(gateway.reports.list('user-7').map(({ deviceId }) => deviceId)).toEqual(['a', 'c'])
  expect((await gateway.connect({ userId: '8' })).pings).toBe(0)
})

it('forgets a device a day after it went away', async () => {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  socket.close()
  await gateway.logged('device disconnected')
  await gateway.clock.advance(24 * 3_600_000)
  expect(gateway.reports.list('user-7')).toEqual([])
})
