import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { AppError } from '#core/errors.ts'
import type { Device } from '#crds/types/device.ts'
import { aCommandResult, aDeviceReport } from '#test/support/api-devices.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { CODEX, openStoredDocument, problemOf } from '#test/support/api-stories.ts'
import { until } from '#test/support/until.ts'

let api: TestApi

beforeEach(async () => {
  api = await startTestApi({ replica: 'replica-a' })
})

afterEach(() => api.stop())

/** What the operator wrote down of `device-1`: which replica holds it, and whether it is connected there. */
async function storeDevice(gateway: string | null, isOnline = true): Promise<void> {
  const metadata = { name: 'device-1', namespace: 'user-1' }
  const spec = { deviceId: 'device-1', displayName: 'Laptop', deviceType: 'local' as const }
  const apiVersion = 'agent.wecode.io/v1' as const
  const device = await api.store.create('Device', { apiVersion, kind: 'Device', metadata, spec })
  const status: Device['status'] = {
    executorVersion: '2.0.0',
    conditions: [
      {
        type: 'Online',
        status: isOnline ? 'True' : 'False',
        lastTransitionTime: '2026-11-21T09:00:00.000Z',
        reason: 'Said',
        message: '',
      },
    ],
    ...(gateway !== null && { gateway }),
  }
  const { resourceVersion } = (await api.store.updateStatus('Device', { ...device, status })).metadata
  await until(() => api.caches.devices.get(metadata)?.metadata.resourceVersion === resourceVersion)
}

const shown = async () => (await api.call('GET', '/users/me/devices/device-1')).body
const importFrom = () => api.call('POST', `${CODEX}/import-device`, { body: { device_id: 'device-1' } })

/** The other replica answers; what was heard of the device here is long ago. */
function heardOf(isOnline: boolean): void {
  api.devices.add(aDeviceReport({ isOnline, executorVersion: '1.0.0' }), async () => aCommandResult())
}

describe('a device whose socket another replica holds', () => {
  it('is shown as it is written down, though it was here before', async () => {
    await storeDevice('replica-b')
    heardOf(false)

    expect(await shown()).toMatchObject({ online: true, executor_version: '2.0.0' })
    expect((await api.call('GET', '/users/me/devices')).body).toMatchObject({ items: [{ online: true }] })
  })

  it('is asked for its login', async () => {
    await storeDevice('replica-b')
    heardOf(false)

    expect((await importFrom()).status).toBe(200)
    expect(await openStoredDocument(api)).toBe('{\n  "token": "from-device"\n}')
  })

  it('is offline when nobody reaches it', async () => {
    await storeDevice('replica-b')

    expect(problemOf(await importFrom())).toEqual({ status: 409, detail: "Device 'device-1' is offline" })
  })

  it('is offline when that is written down, and nobody is asked', async () => {
    await storeDevice('replica-b', false)

    expect(problemOf(await importFrom())).toEqual({ status: 409, detail: "Device 'device-1' is offline" })
    expect(api.devices.sent).toEqual([])
  })

  it('says in the words of the other replica why it cannot be asked', async () => {
    await storeDevice('replica-b')
    api.devices.add(aDeviceReport({ isOnline: false }), () =>
      Promise.reject(new AppError('DEVICE_TIMEOUT', "the replica 'replica-b' did not answer in time")),
    )

    expect(problemOf(await importFrom())).toEqual({
      status: 409,
      detail: "the replica 'replica-b' did not answer in time",
    })
  })
})

describe('a device that is connected here', () => {
  it('is shown as it reports itself, whatever is still written down', async () => {
    await storeDevice('replica-b', false)
    heardOf(true)

    expect(await shown()).toMatchObject({ online: true, executor_version: '1.0.0' })
  })

  it('counts as offline when it went away from here', async () => {
    await storeDevice('replica-a')
    heardOf(false)

    expect(await shown()).toMatchObject({ online: false, executor_version: '1.0.0' })
    expect((await importFrom()).status).toBe(409)
  })
})
