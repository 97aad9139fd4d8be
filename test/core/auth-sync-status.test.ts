import { describe, expect, it } from 'vitest'

import {
  type ConfigFacts,
  countDevices,
  type DeviceSync,
  readyCondition,
  sharedCondition,
  syncedCondition,
} from '#core/auth-sync-status.ts'

const DOCUMENT = { sha256: 'stored', isOpen: true, hasRefreshToken: true }

function aConfig(overrides: Partial<ConfigFacts> = {}): ConfigFacts {
  return {
    runtime: 'codex',
    generation: 3,
    isEnabled: true,
    isRegistered: true,
    isSuspended: false,
    document: DOCUMENT,
    layer: null,
    ...overrides,
  }
}

function aDevice(deviceId: string, overrides: Partial<DeviceSync> = {}): DeviceSync {
  return { deviceId, isOnline: true, state: 'InSync', knownSha256: 'stored', isActive: true, ...overrides }
}

describe('the counts', () => {
  it('are all zero without devices', () => {
    expect(countDevices([])).toEqual({ online: 0, inSync: 0, missing: 0, stale: 0, failed: 0 })
  })

  it('count online devices by state; what is on its way is still missing', () => {
    const states = [
      'InSync',
      'InSync',
      'Missing',
      'Syncing',
      'Verifying',
      'Stale',
      'Stalled',
      'Foreign',
      'RotatedOnDevice',
      'Unknown',
      'NotManaged',
      'ToRemove',
      null,
    ] as const
    const devices = states.map((state, index) => aDevice(`device-${index}`, { state }))
    const away = aDevice('away', { isOnline: false })
    expect(countDevices([...devices, away])).toEqual({
      online: 13,
      inSync: 2,
      missing: 3,
      stale: 1,
      failed: 1,
    })
  })
})

describe('Ready', () => {
  it.each([
    ['True', 'Stored', {}],
    ['True', 'NothingStored', { document: null }],
    ['False', 'DecryptFailed', { document: { ...DOCUMENT, isOpen: false } }],
    ['False', 'RuntimeUnknown', { isRegistered: false }],
    ['True', 'Stored', { layer: { isOpen: true, fault: null } }],
    ['False', 'DecryptFailed', { layer: { isOpen: false, fault: null } }],
    ['False', 'ConfigInvalid', { layer: { isOpen: true, fault: '2:9: expected a value' } }],
    ['False', 'ConfigInvalid', { document: null, layer: { isOpen: true, fault: '2:9: expected a value' } }],
  ])('is %s, for %s', (status, reason, facts) => {
    expect(readyCondition(aConfig(facts))).toEqual({
      type: 'Ready',
      status,
      reason,
      message: expect.stringMatching(/\.$/),
      observedGeneration: 3,
    })
  })
})

describe('Synced', () => {
  const two = [aDevice('b', { state: 'Missing' }), aDevice('a')]

  it.each([
    ['True', 'InSync', {}, [aDevice('a')]],
    ['False', 'OutOfSync', {}, two],
    ['Unknown', 'NoDeviceOnline', {}, [aDevice('a', { isOnline: false })]],
    ['Unknown', 'Suspended', { isSuspended: true }, two],
    ['Unknown', 'Disabled', { isEnabled: false }, two],
    ['Unknown', 'NothingStored', { document: null }, two],
  ])('is %s, for %s', (...[status, reason, facts, devices]) => {
    expect(syncedCondition(aConfig(facts), devices)).toMatchObject({ type: 'Synced', status, reason })
  })

  it('names the devices that are not, in their order', () => {
    const devices = ['c', 'a', 'b'].map((deviceId) => aDevice(deviceId, { state: 'Foreign' }))
    expect(syncedCondition(aConfig(), devices).message).toBe(
      'Not every online device has the document: a, b, c.',
    )
  })

  it('names no more than twenty', () => {
    const devices = Array.from({ length: 1_000 }, (_, index) => aDevice(`d${index}`, { state: 'Missing' }))
    expect(syncedCondition(aConfig(), devices).message).toMatch(/ and 980 more\.$/)
  })
})

describe('CredentialShared', () => {
  it('warns of two active devices with the same refresh token, and names them', () => {
    const { status, reason, message } = sharedCondition(aConfig(), [aDevice('b'), aDevice('a')])
    expect([status, reason]).toEqual(['True', 'SharedBetweenDevices'])
    expect(message).toContain('a, b')
  })

  it.each([
    ['only one device has it', aConfig(), [aDevice('a')]],
    ['the others are offline', aConfig(), [aDevice('a'), aDevice('b', { isOnline: false })]],
    ['no CLI runs on the others', aConfig(), [aDevice('a'), aDevice('b', { isActive: false })]],
    ['the others have another document', aConfig(), [aDevice('a'), aDevice('b', { knownSha256: 'own' })]],
    ['it is not known what the others have', aConfig(), [aDevice('a'), aDevice('b', { knownSha256: null })]],
    [
      'the login has no refresh token',
      aConfig({ document: { ...DOCUMENT, hasRefreshToken: false } }),
      [aDevice('a'), aDevice('b')],
    ],
    [
      'nothing is stored',
      aConfig({ document: null }),
      [aDevice('a', { knownSha256: null }), aDevice('b', { knownSha256: null })],
    ],
  ])('is False when %s', (_when, facts, devices) => {
    expect(sharedCondition(facts, devices)).toMatchObject({ status: 'False', reason: 'NotShared' })
  })
})
