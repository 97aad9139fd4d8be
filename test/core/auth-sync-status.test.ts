import { describe, expect, it } from 'vitest'

import {
  type ConfigFacts,
  countDevices,
  type DeviceSync,
  readyCondition,
  sharedCondition,
  syncedCondition,
} from '#core/auth-sync-status.ts'
import {
  notOpening,
  secretKeyMissing,
  secretMalformed,
  secretMissing,
  secretRefUnsupported,
  secretUnreadable,
} from '#core/document-fault.ts'

const DOCUMENT = { sha256: 'stored', fault: null, hasRefreshToken: true, secret: null }
const REF = { name: 'codex-login', key: 'auth.json' }

function aConfig(overrides: Partial<ConfigFacts> = {}): ConfigFacts {
  return {
    runtime: 'codex',
    namespace: 'user-7',
    generation: 3,
    isClaimed: true,
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
    ['True', 'Stored', { document: { ...DOCUMENT, secret: REF } }],
    ['False', 'DecryptFailed', { document: { ...DOCUMENT, fault: notOpening('it is damaged') } }],
    ['False', 'SecretMissing', { document: { ...DOCUMENT, fault: secretMissing('user-7', REF) } }],
    ['False', 'SecretKeyMissing', { document: { ...DOCUMENT, fault: secretKeyMissing(REF) } }],
    ['False', 'SecretMalformed', { document: { ...DOCUMENT, fault: secretMalformed(REF, 'expected JSON') } }],
    ['False', 'SecretUnreadable', { document: { ...DOCUMENT, fault: secretUnreadable(REF, 'it is away') } }],
    ['False', 'SecretRefUnsupported', { document: { ...DOCUMENT, fault: secretRefUnsupported() } }],
    ['False', 'NamespaceUnclaimed', { isClaimed: false, isRegistered: false, document: null }],
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

describe('the message of Ready', () => {
  it.each([
    [
      'a namespace of nobody',
      { isClaimed: false },
      'No accepted User has spec.namespace: user-7. Create one, or move this object to the namespace of its user.',
    ],
    [
      'a runtime nobody registered',
      { isRegistered: false },
      'No Runtime codex is registered. Apply one with this name, or correct spec.runtime (and metadata.name).',
    ],
    [
      'a ciphertext of another place',
      {
        document: {
          ...DOCUMENT,
          fault: notOpening('spec.auth.encryptedValue does not open: store it again'),
        },
      },
      'The stored auth document does not open; nothing is sent to any device. spec.auth.encryptedValue does not open: store it again.',
    ],
    [
      'a Secret that is missing',
      { document: { ...DOCUMENT, fault: secretMissing('user-7', REF) } },
      'There is no Secret codex-login in the namespace user-7. Create it, or correct spec.auth.secretRef.name.',
    ],
    [
      'a key that is missing',
      { document: { ...DOCUMENT, fault: secretKeyMissing(REF) } },
      'The Secret codex-login has no key auth.json. Add it, or correct spec.auth.secretRef.key.',
    ],
    [
      'a Secret that holds something else',
      { document: { ...DOCUMENT, fault: secretMalformed(REF, 'expected JSON') } },
      'The key auth.json of the Secret codex-login holds no usable auth document; nothing is sent to any device. Expected JSON.',
    ],
    [
      'a login in a Secret',
      { document: { ...DOCUMENT, secret: REF } },
      'The auth document is in the Secret codex-login, under the key auth.json.',
    ],
  ])('says what to do about %s', (_what, facts, message) => {
    expect(readyCondition(aConfig(facts)).message).toBe(message)
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
    ['Unknown', 'NamespaceUnclaimed', { isClaimed: false, isEnabled: false }, two],
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
