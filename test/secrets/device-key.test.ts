import { createHmac, hkdfSync } from 'node:crypto'
import { inspect } from 'node:util'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Secret } from '#core/secret.ts'
import { createDeviceKeys } from '#secrets/device-key.ts'
import { digestUnder } from '#secrets/document-digest.ts'
import { aKeyring, aKeyText } from '#test/support/keys.ts'

const DEVICE = { namespace: 'user-7', deviceId: 'device-1' }

describe('the key of a device', () => {
  it('is 32 bytes in lower-case hex', () => {
    expect(createDeviceKeys(aKeyring()).deviceKey(DEVICE).open()).toMatch(/^[0-9a-f]{64}$/)
  })

  it('is the same after the sealing keys were rotated', () => {
    const [deviceSeed, one, two] = [aKeyText(), aKeyText(), aKeyText()]
    const before = aKeyring({ deviceSeed, keys: [{ kid: 'k1', key: one }] })
    const after = aKeyring({ deviceSeed, current: 'k2', keys: [{ kid: 'k2', key: two }] })
    const keys = [before, after].map((keyring) => createDeviceKeys(keyring).deviceKey(DEVICE).open())
    expect(keys[0]).toBe(keys[1])
  })

  it('stays what it is in later versions of this product', () => {
    const deviceSeed = Buffer.from(hkdfSync('sha256', 'fixed', '', 'test', 32)).toString('base64url')
    expect(createDeviceKeys(aKeyring({ deviceSeed })).deviceKey(DEVICE).open()).toBe(
      '025b2006c8e0c4631f8cbd8688d3694a9099fed7270a53abd748281c6ce3d47e',
    )
  })

  it('is another one in another installation', () => {
    const keys = [aKeyring(), aKeyring()].map((keyring) => createDeviceKeys(keyring).deviceKey(DEVICE).open())
    expect(keys[0]).not.toBe(keys[1])
  })

  it('is another one for each namespace and device, however their names run together', () => {
    const keyring = aKeyring()
    const keys = createDeviceKeys(keyring)
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '/', '"', ',', '\0') })
    const device = fc.record({ namespace: name, deviceId: name })
    fc.assert(
      fc.property(device, device, (one, two) => {
        const isSame = one.namespace === two.namespace && one.deviceId === two.deviceId
        expect(keys.deviceKey(one).open() === keys.deviceKey(two).open()).toBe(isSame)
      }),
    )
  })

  it('is there for the longest names too', () => {
    const device = { namespace: 'n'.repeat(5000), deviceId: '😀'.repeat(5000) }
    expect(createDeviceKeys(aKeyring()).deviceKey(device).open()).toHaveLength(64)
  })

  it('is not shown by accident', () => {
    const key = createDeviceKeys(aKeyring()).deviceKey(DEVICE)
    expect([inspect(key), JSON.stringify({ key }), key.toString()].join()).not.toContain(key.open())
  })
})

describe('a digest under a device key', () => {
  const key = createDeviceKeys(aKeyring()).deviceKey(DEVICE)

  it('is the HMAC-SHA-256 of the UTF-8 text under the bytes of the key', () => {
    const expected = createHmac('sha256', Buffer.from(key.open(), 'hex'))
      .update(Buffer.from('{"name":"中文😀"}'))
      .digest('hex')
    expect(digestUnder(key, '{"name":"中文😀"}')).toBe(expected)
  })

  it('agrees with a published example', () => {
    const published = new Secret('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
    expect(digestUnder(published, 'Sample message for keylen<blocklen')).toBe(
      'a28cf43130ee696a98f14a37678b56bcfcbdd9e5cf69717fecf5480f0ebdf790',
    )
  })

  it('is not the plain digest of the text', () => {
    expect(digestUnder(key, '{}')).not.toBe(
      '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    )
  })

  it.each(['', 'ab', 'z'.repeat(64), 'A'.repeat(64), `${'a'.repeat(64)}\n`])(
    'is not made under a key that is none: %j',
    (wrong) => {
      expect(() => digestUnder(new Secret(wrong), '{}')).toThrow(TypeError)
    },
  )
})
