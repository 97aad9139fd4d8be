import { inspect } from 'node:util'

import * as fc from 'fast-check'
import { CompactEncrypt } from 'jose'
import { describe, expect, it } from 'vitest'

import type { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import type { Keyring } from '#secrets/keyring.ts'
import { createLegacyReader } from '#secrets/legacy.ts'
import { createSealer, kidOf, type Place, type Sealer } from '#secrets/seal.ts'
import { aKeyring, aKeyText, aPlace } from '#test/support/keys.ts'

const CANARY = '{\n  "token": "canary-7f3a"\n}'
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

async function failureOf(sealer: Sealer, sealed: string, place: Place = aPlace()): Promise<AppError> {
  return await sealer.open(sealed, place).then(
    () => expect.unreachable('it opened'),
    (error: AppError) => error,
  )
}

function damage(sealed: string): string {
  return `${sealed.slice(0, -9)}${sealed.at(-9) === 'A' ? 'B' : 'A'}${sealed.slice(-8)}`
}

async function sealWith(keyring: Keyring, header: Record<string, unknown>): Promise<string> {
  const whole = {
    alg: 'dir',
    enc: 'A256GCM',
    kid: keyring.current.kid,
    crit: ['place'],
    place: Object.values(aPlace()),
    ...header,
  }
  const defined = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined))
  const encryption = new CompactEncrypt(Buffer.from(CANARY)).setProtectedHeader({
    alg: 'dir',
    enc: 'A256GCM',
    ...defined,
  })
  return await encryption.encrypt(keyring.current.secret, { crit: { place: true, other: true } })
}

describe('a sealed value', () => {
  it('opens in its own place', async () => {
    const sealer = createSealer(aKeyring())
    const sealed = await sealer.seal(new Secret(CANARY), aPlace())
    expect((await sealer.open(sealed, aPlace())).open()).toBe(CANARY)
  })

  it('holds nothing of its plaintext', async () => {
    const sealed = await createSealer(aKeyring()).seal(new Secret(CANARY), aPlace())
    const decoded = sealed.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'))
    expect(sealed + decoded.join('')).not.toContain('canary')
  })

  it('is another text each time', async () => {
    const sealer = createSealer(aKeyring())
    const all = await Promise.all(Array.from({ length: 50 }, () => sealer.seal(new Secret(CANARY), aPlace())))
    expect(new Set(all).size).toBe(50)
  })

  it('is a JWE that says its algorithms, its key and its place', async () => {
    const sealed = await createSealer(aKeyring()).seal(new Secret(CANARY), aPlace())
    expect(JSON.parse(Buffer.from(sealed.split('.')[0] ?? '', 'base64url').toString())).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
      kid: 'k1',
      crit: ['place'],
      place: ['7', 'UserRuntimeConfig', 'user-7', 'codex', 'spec.auth.encryptedValue'],
    })
  })

  it.each<[string, Partial<Place>]>([
    ['user', { user: '8' }],
    ['kind', { kind: 'UserProxyConfig' }],
    ['namespace', { namespace: 'user-8' }],
    ['name', { name: 'claude' }],
    ['field', { field: 'spec.proxy.encryptedUrl' }],
  ])('does not open with another %s', async (_what, change) => {
    const sealer = createSealer(aKeyring())
    const sealed = await sealer.seal(new Secret(CANARY), aPlace())
    expect(await failureOf(sealer, sealed, aPlace(change))).toMatchObject({ code: 'DECRYPT_FAILED' })
  })

  it('does not open in a place whose parts only look the same when joined', async () => {
    const sealer = createSealer(aKeyring())
    const part = fc.string({ unit: fc.constantFrom('a', '/', '"', ',', '\\', '\ud800', 'é') })
    const place = fc.record({ user: part, kind: part, namespace: part, name: part, field: part })
    await fc.assert(
      fc.asyncProperty(place, place, async (sealedFor, openedAt) => {
        const sealed = await sealer.seal(new Secret('x'), sealedFor)
        const isSame = JSON.stringify(Object.values(sealedFor)) === JSON.stringify(Object.values(openedAt))
        const opens = await sealer.open(sealed, openedAt).then(
          () => true,
          () => false,
        )
        expect(opens).toBe(isSame)
        expect((await sealer.open(sealed, sealedFor)).open()).toBe('x')
      }),
      { numRuns: 200 },
    )
  })

  it('keeps any text exactly', async () => {
    const sealer = createSealer(aKeyring())
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (text) => {
        const sealed = await sealer.seal(new Secret(text), aPlace())
        expect((await sealer.open(sealed, aPlace())).open()).toBe(text)
      }),
    )
  })

  it.each([
    ['empty', ''],
    ['with a byte-order mark', '\ufeff{}'],
    ['of 1 MB', 'é'.repeat(524_288)],
    ['of 4 MiB', 'x'.repeat(4 * 1024 * 1024)],
  ])('keeps a text %s', async (_what, text) => {
    const sealer = createSealer(aKeyring())
    const sealed = await sealer.seal(new Secret(text), aPlace())
    expect((await sealer.open(sealed, aPlace())).open() === text).toBe(true)
  })

  it.each([
    ['over 4 MiB', 'x'.repeat(4 * 1024 * 1024 + 1)],
    ['with half a surrogate pair', 'canary-\ud800'],
  ])('is not made of a text %s', async (_what, text) => {
    const sealing = createSealer(aKeyring()).seal(new Secret(text), aPlace())
    const error: unknown = await sealing.catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'INVALID' })
    expect(inspect(error)).not.toContain('canary')
  })
})

describe('a change of a sealed value', () => {
  it('is detected at every position, whatever bit it is', async () => {
    const sealer = createSealer(aKeyring())
    const sealed = await sealer.seal(new Secret(CANARY), aPlace())
    for (let at = 0; at < sealed.length; at += 1) {
      for (let bit = 0; bit < 7; bit += 1) {
        const flipped = String.fromCharCode(sealed.charCodeAt(at) ^ (1 << bit))
        const changed = sealed.slice(0, at) + flipped + sealed.slice(at + 1)
        expect((await failureOf(sealer, changed)).code, `position ${at}, bit ${bit}`).toBe('DECRYPT_FAILED')
      }
    }
  })

  it('is detected when it only touches the spare bits of the last character', async () => {
    const sealer = createSealer(aKeyring())
    const sealed = await sealer.seal(new Secret(CANARY), aPlace())
    const last = BASE64URL.indexOf(sealed.slice(-1))
    for (let spare = 1; spare < 16; spare += 1) {
      const alias = sealed.slice(0, -1) + BASE64URL[last ^ spare]
      expect(Buffer.from(alias.slice(-22), 'base64url')).toEqual(Buffer.from(sealed.slice(-22), 'base64url'))
      expect(await failureOf(sealer, alias)).toMatchObject({ code: 'DECRYPT_FAILED' })
    }
  })

  it('is detected when something is cut off, put in or repeated', async () => {
    const sealer = createSealer(aKeyring())
    const sealed = await sealer.seal(new Secret(CANARY), aPlace())
    await fc.assert(
      fc.asyncProperty(
        fc.nat(sealed.length),
        fc.nat(5),
        fc.string({ maxLength: 5 }),
        async (at, drop, add) => {
          const changed = sealed.slice(0, at) + add + sealed.slice(at + drop)
          fc.pre(changed !== sealed)
          expect(await failureOf(sealer, changed)).toMatchObject({ code: 'DECRYPT_FAILED' })
        },
      ),
      { numRuns: 300 },
    )
  })

  it('never crashes the opener, whatever the text is', async () => {
    const legacy = createLegacyReader({ key: new Secret('k'.repeat(32)), iv: new Secret('i'.repeat(16)) })
    const sealer = createSealer(aKeyring(), { legacy })
    const jwe = fc.array(fc.base64String(), { minLength: 5, maxLength: 5 }).map((parts) => parts.join('.'))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), jwe, fc.json()), async (text) => {
        expect(await failureOf(sealer, text)).toMatchObject({ code: 'DECRYPT_FAILED' })
      }),
      { numRuns: 500 },
    )
  })
})

describe('a header that this product does not write', () => {
  it.each<[string, Record<string, unknown>]>([
    ['without the place', { crit: undefined, place: undefined }],
    ['without crit', { crit: undefined }],
    ['with another crit', { crit: ['place', 'other'], other: 1 }],
    ['with a place of six parts', { place: [...Object.values(aPlace()), 'x'] }],
    ['with a place that is an object', { place: aPlace() }],
    ['with zip', { zip: 'DEF' }],
    ['with one more field', { typ: 'JWE' }],
    ['with a jwk', { jwk: { kty: 'oct', k: 'AAAA' } }],
    ['without kid', { kid: undefined }],
    ['with a kid that is a number', { kid: 1 }],
  ])('does not open although its key is right: %s', async (_what, header) => {
    const keyring = aKeyring()
    const error = await failureOf(createSealer(keyring), await sealWith(keyring, header))
    expect(error).toMatchObject({ code: 'DECRYPT_FAILED' })
    expect(inspect(error)).not.toContain('canary')
  })

  it('opens when it is exactly the one this product writes', async () => {
    const keyring = aKeyring()
    expect((await createSealer(keyring).open(await sealWith(keyring, {}), aPlace())).open()).toBe(CANARY)
  })

  it.each([
    ['alg none', { alg: 'none' }],
    ['another enc', { enc: 'A128GCM' }],
    [
      'a password algorithm with a costly count',
      { alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31, p2s: 'AAAAAAAAAAA' },
    ],
    ['an asymmetric algorithm', { alg: 'ECDH-ES' }],
  ])('does not open when the header is swapped for %s', async (_what, header) => {
    const sealer = createSealer(aKeyring())
    const [, ...rest] = (await sealer.seal(new Secret(CANARY), aPlace())).split('.')
    const swapped = Buffer.from(JSON.stringify({ enc: 'A256GCM', kid: 'k1', ...header })).toString(
      'base64url',
    )
    expect(await failureOf(sealer, [swapped, ...rest].join('.'))).toMatchObject({ code: 'DECRYPT_FAILED' })
  })

  it('does not open under the kid of another key of the keyring', async () => {
    const [one, two] = [aKeyText(), aKeyText()]
    const keys = [
      { kid: 'k1', key: one },
      { kid: 'k2', key: two },
    ]
    const sealer = createSealer(aKeyring({ keys }))
    const [header = '', ...rest] = (await sealer.seal(new Secret(CANARY), aPlace())).split('.')
    const swapped = Buffer.from(header, 'base64url').toString().replace('"k1"', '"k2"')
    const forged = [Buffer.from(swapped).toString('base64url'), ...rest].join('.')
    expect(await failureOf(sealer, forged)).toMatchObject({ code: 'DECRYPT_FAILED' })
  })
})

describe('several keys', () => {
  it('all open, and the current one seals', async () => {
    const [one, two] = [aKeyText(), aKeyText()]
    const before = createSealer(aKeyring({ keys: [{ kid: 'k1', key: one }] }))
    const keys = [
      { kid: 'k1', key: one },
      { kid: 'k2', key: two },
    ]
    const after = createSealer(aKeyring({ keys, current: 'k2' }))
    const old = await before.seal(new Secret(CANARY), aPlace())
    const fresh = await after.seal(new Secret(CANARY), aPlace())
    expect((await after.open(old, aPlace())).open()).toBe(CANARY)
    expect(Buffer.from(fresh.split('.')[0] ?? '', 'base64url').toString()).toContain('"kid":"k2"')
    expect(await failureOf(before, fresh)).toMatchObject({ code: 'DECRYPT_FAILED' })
  })
})

describe('the message of a value that does not open', () => {
  it.each<[string, (sealer: Sealer) => Promise<string>, Partial<Place>, string]>([
    [
      'is damaged',
      async (sealer) => damage(await sealer.seal(new Secret(CANARY), aPlace())),
      {},
      'it is damaged; restore it from a backup or store the value again',
    ],
    [
      'was copied',
      (sealer) => sealer.seal(new Secret(CANARY), aPlace()),
      { name: 'claude' },
      'it was sealed for another place or in another form; store the value again here instead of copying it',
    ],
    [
      'has an unknown key',
      () =>
        createSealer(aKeyring({ current: 'k9', keys: [{ kid: 'k9', key: aKeyText() }] })).seal(
          new Secret(CANARY),
          aPlace(),
        ),
      {},
      'the key it was sealed with is not in the keyring test keyring; put that key back or store the value again',
    ],
    [
      'is plaintext',
      async () => 'canary-7f3a',
      {},
      'it is not a sealed value; store the value again, or configure the key of the reference system if it comes from there',
    ],
    [
      'is huge',
      async () => 'A'.repeat(6_000_000),
      {},
      'it is larger than anything this product seals; store the value again',
    ],
  ])('says where it is and what to do when it %s, and nothing of the value', async (...[, make, at, why]) => {
    const sealer = createSealer(aKeyring())
    const sealed = await make(sealer)
    const error = await failureOf(sealer, sealed, aPlace(at))
    const name = at.name ?? 'codex'
    expect(error.message).toBe(
      `UserRuntimeConfig "user-7/${name}" spec.auth.encryptedValue of user "7" does not open: ${why}`,
    )
    const shown = inspect(error, { depth: null, showHidden: true }) + JSON.stringify(error)
    expect(shown).not.toContain('canary')
    expect(shown).not.toContain(sealed.slice(0, 40))
  })

  it('is the only thing a sealer or a keyring shows of itself', async () => {
    const key = aKeyText()
    const seed = aKeyText()
    const keyring = aKeyring({ keys: [{ kid: 'k1', key }], deviceSeed: seed })
    const sealer = createSealer(keyring)
    const opened = await sealer.open(await sealer.seal(new Secret(CANARY), aPlace()), aPlace())
    const shown = [keyring, sealer, opened]
      .flatMap((value) => [inspect(value, { depth: null, showHidden: true }), JSON.stringify(value)])
      .join('\n')
    const forms = [key, seed].flatMap((text) => [text, Buffer.from(text, 'base64url').toString('hex')])
    for (const secret of [...forms, 'canary-7f3a']) expect(shown).not.toContain(secret)
  })
})

describe('values of the reference system', () => {
  const legacy = createLegacyReader({
    key: new Secret('12345678901234567890123456789012'),
    iv: new Secret('1234567890123456'),
  })

  it('open anywhere when their key is configured', async () => {
    const sealer = createSealer(aKeyring(), { legacy })
    expect((await sealer.open('1DR502SlfiSYl6gEZI2F2A==', aPlace())).open()).toBe('{}')
  })

  it('51: do not open when they are damaged', async () => {
    const sealer = createSealer(aKeyring(), { legacy })
    expect((await failureOf(sealer, '1DR502SlfiSYl6gEZI2F2B==')).message).toContain('it is damaged')
    expect((await failureOf(sealer, 'AAAAAAAAAAAAAAAAAAAAAA==')).message).toContain('it is damaged')
  })

  it('do not open when no key is configured', async () => {
    expect(await failureOf(createSealer(aKeyring()), '1DR502SlfiSYl6gEZI2F2A==')).toMatchObject({
      code: 'DECRYPT_FAILED',
    })
  })

  it('are never written', async () => {
    const sealed = await createSealer(aKeyring(), { legacy }).seal(new Secret('{}'), aPlace())
    expect(sealed.split('.')).toHaveLength(5)
  })
})

describe('the key of a sealed value', () => {
  it('is read off it, and told from the one that seals now', async () => {
    const keys = ['old', 'new'].map((kid) => ({ kid, key: aKeyText() }))
    const [before, after] = ['old', 'new'].map((current) => createSealer(aKeyring({ keys, current })))
    const sealed = (await before?.seal(new Secret('{}'), aPlace())) ?? ''
    expect([kidOf(sealed), before?.keys?.current, after?.keys?.current]).toEqual(['old', 'old', 'new'])
    expect(after?.keys?.all).toEqual(['old', 'new'])
  })

  it.each([
    ['a value of the reference system', '1DR502SlfiSYl6gEZI2F2A=='],
    ['nothing', ''],
    ['words', 'not. a value'],
    ['a header that is no object', `${Buffer.from('[1]').toString('base64url')}.x`],
    ['a header whose key is a number', `${Buffer.from('{"kid":1}').toString('base64url')}.x`],
    ['a header without an end', `${'A'.repeat(20_000)}.x`],
  ])('is not named by %s', (_what, sealed) => {
    expect(kidOf(sealed)).toBeNull()
  })
})
