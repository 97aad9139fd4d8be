import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { GATES } from '#core/auth-sync-gates.ts'
import { aDeviceReport, inMemory } from '#test/support/api-devices.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { problemOf } from '#test/support/api-stories.ts'

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
})

afterEach(() => api.stop())

function explained(runtime: string): object {
  return {
    runtime,
    state: 'InSync',
    reason: 'UpToDate',
    message: 'The file is there.',
    target_path: '~/.codex/auth.json',
    attempts: 0,
    next_attempt_at: null,
    last_command: null,
    last_result: null,
    last_sync_time: null,
    unblock: null,
    next_action: 'none',
    config_layers: null,
    gates: GATES.map((name) => ({ name, passed: true, message: 'so it is' })),
  }
}

const LAPTOP = {
  device_id: 'device-1',
  display_name: 'Laptop',
  device_type: 'local',
  online: true,
  executor_version: '1.8.6',
  last_heartbeat_at: '2026-11-21T09:59:30.000Z',
  suspended: false,
  credential_shared: false,
  proxy_probe: null,
  runtimes: [explained('claude'), explained('codex')],
}

async function storeDevice(deviceId: string, name = deviceId, suspend = false): Promise<void> {
  const device = await api.store.create('Device', {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Device',
    metadata: { name, namespace: 'user-1' },
    spec: { deviceId, displayName: `Stored ${deviceId}`, deviceType: 'cloud', suspend },
  })
  await inMemory(api, device)
}

describe('listing', () => {
  it('is empty for a user without devices', async () => {
    expect((await api.call('GET', '/users/me/devices')).body).toEqual({ items: [] })
  })

  it('shows what a device says, and why each runtime on it is as it is', async () => {
    api.devices.add(aDeviceReport())
    expect((await api.call('GET', '/users/me/devices')).body).toEqual({ items: [LAPTOP] })
  })

  it('shows the layers of a configuration that a device reports, without what they say', async () => {
    const layers = [
      { type: 'user', version: `sha256:${'a'.repeat(64)}` },
      { type: 'system', version: null },
    ]
    api.devices.add(aDeviceReport({ configs: new Map([['codex', layers]]) }))
    expect((await api.call('GET', '/users/me/devices')).body).toEqual({
      items: [
        { ...LAPTOP, runtimes: [explained('claude'), { ...explained('codex'), config_layers: layers }] },
      ],
    })
  })

  it('shows the layers that were written down of a device that is not connected', async () => {
    await storeDevice('a-device')
    const device = await api.store.get('Device', { namespace: 'user-1', name: 'a-device' })
    const layers = [
      { type: 'user', version: `sha256:${'a'.repeat(64)}` },
      { type: 'system', unreadable: true },
    ]
    const runtimes = [{ name: 'codex', state: 'Unknown' as const, config: { layers } }]
    await inMemory(api, await api.store.updateStatus('Device', { ...device, status: { runtimes } }))
    expect((await api.call('GET', '/users/me/devices/a-device')).body).toMatchObject({
      runtimes: [
        { runtime: 'claude', config_layers: null },
        { runtime: 'codex', config_layers: [layers[0], { type: 'system', version: null }] },
      ],
    })
  })

  it('joins what devices say and what is written down, ordered by id', async () => {
    await storeDevice('device-1', 'device-1', true)
    await storeDevice('a-device')
    api.devices.add(aDeviceReport())
    const stored = {
      ...LAPTOP,
      device_id: 'a-device',
      display_name: 'Stored a-device',
      device_type: 'cloud',
      online: false,
      executor_version: null,
      last_heartbeat_at: null,
    }
    expect((await api.call('GET', '/users/me/devices')).body).toEqual({
      items: [stored, { ...LAPTOP, suspended: true }],
    })
  })

  it('says that a login is shared when that is so of one of the runtimes', async () => {
    api.devices.add(aDeviceReport())
    api.devices.explained.set('codex', { isCredentialShared: true })
    expect((await api.call('GET', '/users/me/devices')).body).toEqual({
      items: [{ ...LAPTOP, credential_shared: true }],
    })
  })

  it('shows what the operator wrote about a device that this process has not heard of', async () => {
    await storeDevice('a-device')
    const device = await api.store.get('Device', { namespace: 'user-1', name: 'a-device' })
    const condition = { lastTransitionTime: '2026-11-21T09:00:00.000Z', reason: 'Said', message: '' }
    const updated = await api.store.updateStatus('Device', {
      ...device,
      status: {
        executorVersion: '2.0.0',
        lastHeartbeatTime: '2026-11-21T09:30:00.000Z',
        conditions: [{ type: 'Online', status: 'True', ...condition }],
      },
    })
    await inMemory(api, updated)
    expect((await api.call('GET', '/users/me/devices/a-device')).body).toMatchObject({
      online: true,
      executor_version: '2.0.0',
      last_heartbeat_at: '2026-11-21T09:30:00.000Z',
    })
  })
})

describe('showing one', () => {
  it('finds a device by its id, whatever its object is called', async () => {
    await storeDevice('Büro / 1', 'dev-8ce03ac2c9b2cf69e0d96b8b5db0ae86').catch(() => {})
    api.devices.add(aDeviceReport({ deviceId: 'Büro / 1' }))
    const { body } = await api.call('GET', `/users/me/devices/${encodeURIComponent('Büro / 1')}`)
    expect(body).toEqual({ ...LAPTOP, device_id: 'Büro / 1' })
  })

  it.each(['nobody', '%00', 'foreign', 'x'.repeat(1000), '..%2f..'])('does not know %s', async (id) => {
    api.devices.add(aDeviceReport({ namespace: 'user-2', deviceId: 'foreign' }))
    expect(problemOf(await api.call('GET', `/users/me/devices/${id}`))).toEqual({
      status: 404,
      detail: 'Device not found or access denied',
    })
  })
})
