import { describe, expect, it } from 'vitest'

import { DEFAULT_DEVICE_LIMITS } from '#api/devices/limits.ts'
import { aHeartbeat, aRegistration, OUR_AGENT, startGateway } from '#test/support/device-gateway.ts'
import { ExecutorSocket } from '#test/support/executor-socket.ts'

describe('joining', () => {
  it('90: lets a raw client in that pongs before it is asked, and keeps pinging it', async () => {
    const gateway = await startGateway({ pingIntervalMs: 20 })
    const socket = await ExecutorSocket.open(gateway.url)
    const open = await socket.next()
    expect(JSON.parse(open.slice(1))).toEqual({
      sid: expect.any(String),
      upgrades: [],
      pingInterval: 20,
      pingTimeout: DEFAULT_DEVICE_LIMITS.pingTimeoutMs,
      maxPayload: DEFAULT_DEVICE_LIMITS.frameBytes,
    })
    socket.send('3')
    socket.send('40/local-executor,{"token":"7"}')
    expect(await socket.next()).toMatch(/^40\/local-executor,\{"sid":"[^"]+"\}$/)
    while (socket.pings < 4) await new Promise((resolve) => setImmediate(resolve))
    expect(await socket.ask('device:register', aRegistration())).toEqual({
      success: true,
      device_id: 'device-1',
    })
  })

  it('waits longer for a pong than any command takes, and takes frames of 11 MB', () => {
    expect(DEFAULT_DEVICE_LIMITS.pingTimeoutMs).toBeGreaterThan(65_000)
    expect(DEFAULT_DEVICE_LIMITS.frameBytes).toBeGreaterThanOrEqual(11_000_000)
    expect(DEFAULT_DEVICE_LIMITS.connectTimeoutMs).toBeLessThanOrEqual(10_000)
    expect(DEFAULT_DEVICE_LIMITS.recheckMs).toBeLessThan(60_000)
  })

  it.each([
    ['a bad token', '40/local-executor,{"token":"nobody"}'],
    ['no token', '40/local-executor,{}'],
    ['no payload', '40/local-executor,'],
    ['a token that is no string', '40/local-executor,{"token":{"$ne":1}}'],
  ])('91: answers %s with a message and closes by itself', async (_what, frame) => {
    const gateway = await startGateway()
    const socket = await ExecutorSocket.open(gateway.url)
    await socket.next()
    socket.send(frame)
    expect(await socket.next()).toBe('44/local-executor,{"message":"expected a good token"}')
    await socket.closed
    expect(gateway.reports.list('user-7')).toEqual([])
  })

  it('91: closes a socket that never joins', async () => {
    const gateway = await startGateway({ connectTimeoutMs: 30 })
    const socket = await ExecutorSocket.open(gateway.url)
    expect(await socket.closed).toBe(1005)
  })

  it.each(['40', '40/,{"token":"7"}', '40/other,{"token":"7"}'])(
    'lets nobody into another namespace with %s',
    async (frame) => {
      const gateway = await startGateway({ connectTimeoutMs: 30 })
      const socket = await ExecutorSocket.open(gateway.url)
      await socket.next()
      socket.send(frame)
      expect(await socket.next()).toContain('{"message":"Invalid namespace"}')
      await socket.closed
    },
  )

  it('serves no polling', async () => {
    const gateway = await startGateway()
    const response = await fetch(`${gateway.url}/socket.io/?EIO=4&transport=polling`)
    expect([response.status, await response.json()]).toEqual([400, { code: 0, message: 'Transport unknown' }])
  })

  it('leaves every other address to the server it is attached to', async () => {
    const gateway = await startGateway()
    expect(await (await fetch(`${gateway.url}/anything`)).text()).toBe('not for devices')
  })
})

describe('registering', () => {
  it('92: answers with the id that was asked with', async () => {
    const gateway = await startGateway()
    const socket = await gateway.join()
    socket.send(`42/local-executor,417${JSON.stringify(['device:register', aRegistration()])}`)
    expect(await socket.next()).toBe('43/local-executor,417[{"success":true,"device_id":"device-1"}]')
  })

  it.each([
    ['unknown keys', { colour: 'red' }],
    ['an empty app device id', { app_device_id: '' }],
    ['runtime features that are no object', { runtime_features: [1, 'x'] }],
    ['an executor version that is no string', { executor_version: 5 }],
    ['an agent feature without a version', { runtime_features: { runtimeConfigAgent: true } }],
  ])('92: takes %s', async (_what, changes) => {
    const gateway = await startGateway()
    const socket = await gateway.join()
    expect(await socket.ask('device:register', aRegistration(changes))).toEqual({
      success: true,
      device_id: 'device-1',
    })
  })

  it.each([
    ['an empty id', { device_id: '' }, 'device_id: expected 1 to 100 printable characters'],
    ['an id that is no string', { device_id: 5 }, 'device_id: expected 1 to 100 printable characters'],
    ['a name of 101 characters', { name: 'x'.repeat(101) }, 'name: expected 1 to 100 printable characters'],
    ['an unknown type', { device_type: 'toaster' }, 'device_type: expected local, app, cloud or remote'],
  ])('92: refuses %s', async (_what, changes, reason) => {
    const gateway = await startGateway()
    const socket = await gateway.join()
    expect(await socket.ask('device:register', aRegistration(changes))).toEqual({
      error: `Invalid payload: ${reason}`,
    })
    expect(gateway.reports.list('user-7')).toEqual([])
  })

  it.each([null, [], 'x', 5])('refuses %j instead of a registration', async (payload) => {
    const gateway = await startGateway()
    const socket = await gateway.join()
    expect(await socket.ask('device:register', payload)).toEqual({
      error: 'Invalid payload: expected an object',
    })
  })

  it('tells our agent its digest key and the runtimes, and nobody else', async () => {
    const gateway = await startGateway()
    const socket = await gateway.join()
    const answer = await socket.ask('device:register', aRegistration(OUR_AGENT))
    const codex = {
      name: 'codex',
      target_path: '~/.codex/auth.json',
      home_variable: 'CODEX_HOME',
      fields: { account_id: null, refresh_token: null, last_refresh: null },
      process_name: null,
      max_bytes: 1000,
    }
    const claude = {
      ...codex,
      name: 'claude',
      target_path: '~/.claude/auth.json',
      home_variable: 'CLAUDE_HOME',
    }
    expect(answer).toEqual({
      success: true,
      device_id: 'device-1',
      digest_key: 'key of user-7/device-1',
      runtimes: [claude, codex],
      retry_after_ms: 0,
    })
  })

  it('tells connected agents when the runtimes change', async () => {
    const gateway = await startGateway()
    const agent = await gateway.connect({ register: OUR_AGENT })
    const other = await gateway.connect({ deviceId: 'device-2' })
    gateway.runtimes.length = 0
    gateway.announceRuntimes()
    expect(await agent.next()).toBe('42/local-executor,["device:runtimes",{"runtimes":[]}]')
    expect(await other.ask('device:status', { device_id: 'device-2', status: 'busy' })).toEqual({
      success: true,
    })
  })

  it('spreads the times at which agents come back over the size of the fleet', async () => {
    const gateway = await startGateway()
    const waits = new Set<unknown>()
    for (let number = 0; number < 6; number += 1) {
      await gateway.connect({ deviceId: `device-${number}`, register: OUR_AGENT })
    }
    const socket = await gateway.join()
    for (let number = 0; number < 6; number += 1) {
      const answer = await socket.ask(
        'device:register',
        aRegistration({ ...OUR_AGENT, device_id: `device-${number}` }),
      )
      waits.add((answer as { retry_after_ms: number }).retry_after_ms)
    }
    expect(waits).toEqual(new Set([0, 1, 2, 3, 4, 5]))
  })
})

describe('heartbeats', () => {
  it('93: answers only those that ask', async () => {
    const gateway = await startGateway()
    const socket = await gateway.connect()
    socket.tell('device:heartbeat', aHeartbeat())
    // The answer to this one is the next frame: the one before got none.
    expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
    expect(gateway.reports.get({ namespace: 'user-7', deviceId: 'device-1' })?.heartbeatCount).toBe(3)
  })

  it('93: refuses one before registering and one of another device', async () => {
    const gateway = await startGateway()
    const socket = await gateway.join()
    expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ error: 'Device ID mismatch' })
    await socket.ask('device:register', aRegistration())
    const other = aHeartbeat({ device_id: 'device-2' })
    expect(await socket.ask('device:heartbeat', other)).toEqual({ error: 'Device ID mismatch' })
    expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
  })

  it.each([
    ['task ids that are strings', { running_task_ids: ['task-abc'] }],
    ['a capacity of null', { runtime_capacity: null }],
    ['nothing optional', { running_task_ids: undefined, runtime_auth_files: undefined }],
    [
      'nonsense everywhere',
      { running_task_ids: 5, capabilities: 'x', runtime_auth_files: [1], runtime_features: 0 },
    ],
  ])('97: takes a heartbeat with %s', async (_what, changes) => {
    const gateway = await startGateway()
    const socket = await gateway.connect()
    expect(await socket.ask('device:heartbeat', aHeartbeat(changes))).toEqual({ success: true })
  })

  it.each(['device:status', 'device:anything', 'error'])('acknowledges %s', async (event) => {
    const gateway = await startGateway()
    const socket = await gateway.join()
    expect(await socket.ask(event, { device_id: 'device-1', status: 'busy' })).toEqual({ success: true })
  })

  it('counts heartbeats and online devices', async () => {
    const gateway = await startGateway()
    const socket = await gateway.connect()
    await gateway.connect({ userId: '8' })
    await socket.ask('device:heartbeat', aHeartbeat())
    const text = await gateway.metrics.metrics()
    expect(text).toContain('\nruntimeconfig_heartbeats_total 3\n')
    expect(text).toContain('\nruntimeconfig_devices_online 2\n')
  })
})
