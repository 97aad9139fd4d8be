import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'

import * as fc from 'fast-check'
import { exportJWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'

import type { AppError } from '#core/errors.ts'
import { isSignedTokenId } from '#secrets/signed-claims.ts'
import {
  claimsToBeSignedWith,
  openSigningKey,
  parseSigningKey,
  signToken,
  type TokenRequest,
  verifySignedToken,
} from '#secrets/signing.ts'
import { aKeyFolder, refusalOf } from '#test/support/key-files.ts'
import { aSigningKey } from '#test/support/keys.ts'

const NOW = Date.parse('2026-11-21T10:00:00.500Z')
const KEY = aSigningKey()

function aRequest(overrides: Partial<TokenRequest> = {}): TokenRequest {
  return { subject: 'ada', scopes: ['user'], expiresInSeconds: 3600, now: NOW, ...overrides }
}

async function aToken(overrides: Partial<TokenRequest> = {}): Promise<string> {
  return (await signToken(KEY, aRequest(overrides))).token
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function aHeader(overrides: Readonly<Record<string, unknown>> = {}) {
  return { alg: 'EdDSA', kid: KEY.kid, typ: 'runtimeconfig+jwt', ...overrides }
}

function aPayload(overrides: Readonly<Record<string, unknown>> = {}) {
  const iat = Math.floor(NOW / 1000)
  return {
    scope: 'user',
    role: 'user',
    iss: 'runtime-config-operator',
    aud: 'runtime-config-operator/api',
    sub: 'ada',
    jti: '0b7c1d3e-8f54-4c7a-9d2b-3f6a5e4d2c1b',
    iat,
    exp: iat + 3600,
    ...overrides,
  }
}

/** Signs anything at all with the right key. */
function forge(header: unknown, payload: unknown): string {
  const signed = `${encode(header)}.${encode(payload)}`
  return `${signed}.${sign(null, Buffer.from(signed), KEY.privateKey).toString('base64url')}`
}

/** `good`, or the code of the refusal. */
async function verdictOn(token: string, now = NOW): Promise<string> {
  return await verifySignedToken(KEY, token, now).then(
    () => 'good',
    (error: AppError) => error.code,
  )
}

describe('a signed token', () => {
  it('says who, for what, and until when', async () => {
    const { token, id, expiresAt } = await signToken(KEY, aRequest({ scopes: ['user', 'execution'] }))
    expect(expiresAt).toBe('2026-11-21T11:00:00.000Z')
    expect(isSignedTokenId(id)).toBe(true)
    expect(await verifySignedToken(KEY, token, NOW)).toEqual({
      id,
      subject: 'ada',
      scopes: ['user', 'execution'],
      role: 'user',
      expiresAt: Date.parse(expiresAt),
    })
  })

  it('is recognised by its header', async () => {
    const other = parseSigningKey(otherPem(), 'other')
    expect(claimsToBeSignedWith(KEY, await aToken())).toBe(true)
    expect(claimsToBeSignedWith(other, await aToken())).toBe(false)
  })

  it.each<[Partial<TokenRequest>, 'user' | 'admin']>([
    [{ scopes: ['user'] }, 'user'],
    [{ scopes: ['user', 'admin'] }, 'admin'],
    [{ scopes: ['admin'], role: 'user' }, 'user'],
    [{ scopes: ['admin'], role: 'admin' }, 'admin'],
  ])('with %o makes a new person %s', async (request, role) => {
    expect(await verifySignedToken(KEY, await aToken(request), NOW)).toMatchObject({ role })
  })

  it('has an id of its own each time', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => signToken(KEY, aRequest())))
    expect(new Set(all.map(({ id }) => id)).size).toBe(20)
  })

  it('is good for a name of 100 characters, whatever they take', async () => {
    const subject = '😀'.repeat(100)
    expect(await verifySignedToken(KEY, await aToken({ subject }), NOW)).toMatchObject({ subject })
  })

  it('is good for names of any script', async () => {
    expect(await verifySignedToken(KEY, await aToken({ subject: '艾达 😀' }), NOW)).toMatchObject({
      subject: '艾达 😀',
    })
  })

  it.each<[string, Partial<TokenRequest>]>([
    ['an empty subject', { subject: '' }],
    ['a blank subject', { subject: '  ' }],
    ['a subject of 101 characters', { subject: 'a'.repeat(101) }],
    ['half a surrogate pair', { subject: '\ud800' }],
    ['no scope', { scopes: [] }],
    ['a scope with a space', { scopes: ['user admin'] }],
    ['an empty scope', { scopes: [''] }],
    ['the role admin without its scope', { role: 'admin' }],
    ['no lifetime', { expiresInSeconds: 0 }],
    ['a negative lifetime', { expiresInSeconds: -1 }],
    ['half a second', { expiresInSeconds: 0.5 }],
    ['no number for a lifetime', { expiresInSeconds: Number.NaN }],
    ['a lifetime of a century', { expiresInSeconds: 3_155_760_000 }],
  ])('is not made for %s', async (_what, request) => {
    expect(await refusalOf(signToken(KEY, aRequest(request)))).toMatchObject({ code: 'INVALID' })
  })
})

describe('the time of a signed token', () => {
  it.each([
    ['right after it was made', NOW, 'good'],
    ['a moment before its end', Date.parse('2026-11-21T10:59:59.999Z'), 'good'],
    ['at its end', Date.parse('2026-11-21T11:00:00.000Z'), 'UNAUTHENTICATED'],
    ['a year later', Date.parse('2027-11-21T11:00:00.000Z'), 'UNAUTHENTICATED'],
    ['on a server whose clock is 5 minutes behind', NOW - 300_000, 'good'],
    ['on a server whose clock is further behind', NOW - 301_000, 'UNAUTHENTICATED'],
  ])('lets it in %s: %s → %s', async (_when, now, verdict) => {
    const token = await aToken()
    expect(await verdictOn(token, now)).toBe(verdict)
  })
})

describe('a token nobody here signed', () => {
  const other = parseSigningKey(otherPem(), 'other')

  it.each(['', '.', '..', '...', 'a.b.c', 'null', 'Bearer x', '\ud800', '{}', 'rcd_0_0'])(
    'is refused: %j',
    async (token) => {
      expect(await verdictOn(token)).toBe('UNAUTHENTICATED')
    },
  )

  it('is refused when it is of another server', async () => {
    expect(await verdictOn((await signToken(other, aRequest())).token)).toBe('UNAUTHENTICATED')
  })

  it("is refused when it is of another server that borrows this one's kid", async () => {
    expect(await verdictOn((await signToken({ ...other, kid: KEY.kid }, aRequest())).token)).toBe(
      'UNAUTHENTICATED',
    )
  })

  it.each([
    ['none', { alg: 'none' }],
    ['None', { alg: 'None' }],
    ['nothing', { alg: undefined }],
    ['Ed25519, the same by another name', { alg: 'Ed25519' }],
  ])('is refused when its algorithm is %s, signed or not', async (_what, header) => {
    expect(await verdictOn(`${encode(aHeader(header))}.${encode(aPayload())}.`)).toBe('UNAUTHENTICATED')
    expect(await verdictOn(forge(aHeader(header), aPayload()))).toBe('UNAUTHENTICATED')
  })

  it('is refused without a signature', async () => {
    const [header, payload] = (await aToken()).split('.')
    expect(await verdictOn(`${header}.${payload}.`)).toBe('UNAUTHENTICATED')
    expect(await verdictOn(`${header}.${payload}`)).toBe('UNAUTHENTICATED')
    expect(await verdictOn(`${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`)).toBe(
      'UNAUTHENTICATED',
    )
  })

  it('is refused when the public key was used as the secret of a HMAC', async () => {
    const pem = KEY.publicKey.export({ type: 'spki', format: 'pem' })
    const jwk = await exportJWK(KEY.publicKey)
    for (const secret of [pem, Buffer.from(jwk.x ?? '', 'base64url'), JSON.stringify(jwk)]) {
      for (const alg of ['HS256', 'EdDSA']) {
        const signed = `${encode(aHeader({ alg }))}.${encode(aPayload())}`
        expect(
          await verdictOn(`${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`),
        ).toBe('UNAUTHENTICATED')
      }
    }
  })

  it('is refused when it brings its own key', async () => {
    const jwk = await exportJWK(other.publicKey)
    for (const header of [
      { jwk },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'https://evil.example/x' },
      { x5c: ['AA'] },
    ]) {
      const token = new SignJWT(aPayload()).setProtectedHeader(aHeader(header))
      expect(await verdictOn(await token.sign(other.privateKey))).toBe('UNAUTHENTICATED')
    }
  })

  it('is refused when its kid points somewhere', async () => {
    for (const kid of ['/dev/null', '../../etc/passwd', "' or 1=1", '', 0, null]) {
      expect(await verdictOn(forge(aHeader({ kid }), aPayload()))).toBe('UNAUTHENTICATED')
    }
  })

  it('is refused without a word of it', async () => {
    const token = forge(aHeader(), aPayload({ aud: 'canary', sub: 'canary', exp: 1 }))
    const errors = [token, `${token}canary`, `canary.${token}`].map((text) =>
      refusalOf(verifySignedToken(KEY, text, NOW)),
    )
    const shown = inspect(await Promise.all(errors), { depth: null, showHidden: true })
    for (const part of [...token.split('.'), 'canary']) expect(shown).not.toContain(part.slice(0, 60))
  })

  it('is refused at once when it is endless', async () => {
    expect(await verdictOn('a'.repeat(5_000_000))).toBe('UNAUTHENTICATED')
    expect(await verdictOn('.'.repeat(5_000_000))).toBe('UNAUTHENTICATED')
    expect(await verdictOn(`${await aToken()}${'A'.repeat(4096)}`)).toBe('UNAUTHENTICATED')
  })

  it('is refused when any one bit was changed', async () => {
    const token = await aToken()
    const changes = fc.tuple(fc.nat(token.length - 1), fc.nat(6))
    await fc.assert(
      fc.asyncProperty(changes, async ([at, bit]) => {
        const flipped = String.fromCharCode(token.charCodeAt(at) ^ (1 << bit))
        const error = await refusalOf(
          verifySignedToken(KEY, token.slice(0, at) + flipped + token.slice(at + 1), NOW),
        )
        expect(error.code).toBe('UNAUTHENTICATED')
      }),
      { numRuns: 500 },
    )
  })
})

describe('a token signed with the right key for something else', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['another audience', {}, { aud: 'somebody-else' }],
    ['no audience', {}, { aud: undefined }],
    ['another issuer', {}, { iss: 'https://evil.example' }],
    ['another type', { typ: 'JWT' }, {}],
    ['no type', { typ: undefined }, {}],
    ['an unencoded payload', { b64: false, crit: ['b64'] }, {}],
    ['one more header field', { cty: 'x' }, {}],
    ['no subject', {}, { sub: undefined }],
    ['a subject that is an object', {}, { sub: { name: 'ada' } }],
    ['an empty subject', {}, { sub: '' }],
    ['an endless subject', {}, { sub: 'a'.repeat(101) }],
    ['no id', {}, { jti: undefined }],
    ['the id of a device token', {}, { jti: '0123456789abcdef0123' }],
    ['no end', {}, { exp: undefined }],
    ['an end that is a text', {}, { exp: '9999999999' }],
    ['an end that is no whole number', {}, { exp: 1e9 + 0.5 }],
    ['an end after the end of time', {}, { exp: 1e300 }],
    ['no beginning', {}, { iat: undefined }],
    ['scopes that are a list', {}, { scope: ['admin'] }],
    ['a later beginning', {}, { nbf: Math.floor(NOW / 1000) + 10 }],
  ])('is refused: %s', async (_what, header, payload) => {
    expect(await verdictOn(forge(aHeader(header), aPayload(payload)))).toBe('UNAUTHENTICATED')
  })

  it('makes nobody an administrator without the scope', async () => {
    expect(await verifySignedToken(KEY, forge(aHeader(), aPayload({ role: 'admin' })), NOW)).toMatchObject({
      role: 'user',
    })
  })

  it('is refused when its payload is no object', async () => {
    for (const payload of ['x', 1, null, [], true])
      expect(await verdictOn(forge(aHeader(), payload))).toBe('UNAUTHENTICATED')
  })
})

describe('the signing key file', () => {
  it('is made at first start, for its owner only, and stays', async () => {
    const path = join(aKeyFolder(), 'state', 'signing-key.pem')
    const first = await openSigningKey(path)
    const { token } = await signToken(first, aRequest())
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600')
    expect(await verifySignedToken(await openSigningKey(path), token, NOW)).toMatchObject({ subject: 'ada' })
  })

  it('is another one in each installation', async () => {
    const folder = aKeyFolder()
    const keys = await Promise.all(['a', 'b'].map((name) => openSigningKey(join(folder, name))))
    expect(keys[0]?.kid).not.toBe(keys[1]?.kid)
  })

  it.each([
    ['empty', '', 'expected an unencrypted private key in PEM form'],
    ['no PEM', 'canary', 'expected an unencrypted private key in PEM form'],
    [
      'a public key',
      KEY.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      'expected an unencrypted private key in PEM form',
    ],
    [
      'encrypted',
      otherPem({ cipher: 'aes-256-cbc', passphrase: 'x' }),
      'expected an unencrypted private key in PEM form',
    ],
    ['of another algorithm', ecPem(), 'expected an Ed25519 key, got ec'],
  ])('is refused when it is %s', async (_what, pem, why) => {
    const path = join(aKeyFolder(), 'signing-key.pem')
    writeFileSync(path, pem, { mode: 0o600 })
    const error = await refusalOf(openSigningKey(path))
    expect(error.code).toBe('KEYRING_UNUSABLE')
    expect(error.message).toBe(`the signing key ${path} cannot be used: ${why}; restore it from a backup`)
  })

  it('is refused when others may read it', async () => {
    const path = join(aKeyFolder(), 'signing-key.pem')
    writeFileSync(path, otherPem(), { mode: 0o644 })
    expect((await refusalOf(openSigningKey(path))).message).toContain('run: chmod 600')
  })

  it('is not made anew when it must be there already', async () => {
    const path = join(aKeyFolder(), 'signing-key.pem')
    expect((await refusalOf(openSigningKey(path, { mustExist: true }))).message).toContain(
      'it does not exist',
    )
  })

  it('shows nothing of itself', () => {
    const seed = KEY.privateKey.export({ format: 'jwk' }).d ?? ''
    const shown = inspect(KEY, { depth: null, showHidden: true }) + JSON.stringify(KEY)
    expect(shown).not.toContain(seed)
    expect(shown).not.toContain(Buffer.from(seed, 'base64url').toString('hex'))
  })
})

function otherPem(encryption: { cipher?: string; passphrase?: string } = {}): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  return privateKey.export({ type: 'pkcs8', format: 'pem', ...encryption }).toString()
}

function ecPem(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
}
