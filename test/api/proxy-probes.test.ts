import { expect, it } from 'vitest'

import { ProxyProbes } from '#api/proxy-probes.ts'
import type { ProxyProbeView } from '#protocol/device.ts'
import { aUserProxyConfig } from '#test/support/resources.ts'

const DEVICE = { namespace: 'user-7', deviceId: 'device-1' }

function aProxy(encryptedUrl: string) {
  const updatedAt = '2026-11-21T10:00:00.000Z'
  return { ...aUserProxyConfig(), spec: { proxy: { encryptedUrl, sha256: 'a'.repeat(64), updatedAt } } }
}

function aProbe(message = 'the proxy connects'): ProxyProbeView {
  return {
    device_id: 'device-1',
    reachable: true,
    connect_accepted: true,
    authenticated: null,
    tls_intact: null,
    message,
    probed_at: '2026-11-21T10:00:00.000Z',
  }
}

it('remembers the last try of each device', () => {
  const probes = new ProxyProbes()
  probes.remember(DEVICE, aProxy('sealed'), aProbe('first'))
  probes.remember(DEVICE, aProxy('sealed'), aProbe('second'))
  expect(probes.find(DEVICE, aProxy('sealed'))).toEqual(aProbe('second'))
  expect(probes.find({ ...DEVICE, deviceId: 'device-2' }, aProxy('sealed'))).toBeNull()
  expect(probes.find({ ...DEVICE, namespace: 'user-8' }, aProxy('sealed'))).toBeNull()
})

it.each([
  ['another', aProxy('sealed anew')],
  ['a cleared', { ...aUserProxyConfig(), spec: {} }],
  ['no', undefined],
])('knows nothing of %s proxy', (_what, proxy) => {
  const probes = new ProxyProbes()
  probes.remember(DEVICE, aProxy('sealed'), aProbe())
  probes.remember({ ...DEVICE, deviceId: 'device-2' }, proxy, aProbe())
  expect(probes.find(DEVICE, proxy)).toBeNull()
})

it('forgets whoever tried longest ago when there are too many', () => {
  const probes = new ProxyProbes(2)
  const devices = ['a', 'b', 'c'].map((deviceId) => ({ namespace: 'user-7', deviceId }))
  for (const device of devices) probes.remember(device, aProxy('sealed'), aProbe(device.deviceId))
  expect(devices.map((device) => probes.find(device, aProxy('sealed'))?.message)).toEqual([
    undefined,
    'b',
    'c',
  ])
})
