import { inspect } from 'node:util'

import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'

import { type Authenticator, bearerOf, createAuthenticator } from '#api/authenticate.ts'
import { createDeviceTokenService, type NewDeviceToken } from '#api/device-tokens.ts'
import type { Principal, Scope } from '#api/principal.ts'
import { AppError } from '#core/errors.ts'
import { signToken, type TokenRequest } from '#secrets/signing.ts'
import type { User } from '#store/users.ts'
import { type Accounts, openAccounts } from '#test/support/accounts.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { refusalOf } from '#test/support/key-files.ts'
import { aSigningKey } from '#test/support/keys.ts'

const KEY = aSigningKey()
const HOUR_MS = 3_600_000

let clock: FakeClock
let accounts: Accounts
let authenticator: Authenticator

beforeEach(async () => {
  clock = new FakeClock()
  accounts = await openAccounts(clock)
  authenticator = createAuthenticator({ ...accounts, signingKey: KEY, clock })
})

async function aSignedToken(overrides: Partial<TokenRequest> = {}) {
  const request = { subject: 'ada', scopes: ['user'], expiresInSeconds: 3600, now: clock.now() }
  return await signToken(KEY, { ...request, ...overrides })
}

async function aDeviceToken(user: User, overrides: Partial<NewDeviceToken> = {}) {
  const service = createDeviceTokenService({ tokens: accounts.tokens, clock })
  const { record, token } = await service.create({ userId: user.id, name: 'laptop', ...overrides })
  return { id: record.id, token: token.open() }
}

async function refusal(token: string | undefined): Promise<AppError> {
  return await refusalOf(authenticator.authenticate(token))
}

function scopes(...all: Scope[]): ReadonlySet<Scope> {
  return new Set(all)
}

describe('a signed token', () => {
  it('gives its user, its scopes and its end', async () => {
    const user = await accounts.users.create({ name: 'ada' })
    const { token, id } = await aSignedToken({ scopes: ['user', 'execution'] })
    expect(await authenticator.authenticate(token)).toEqual({
      user,
      scopes: scopes('user', 'execution'),
      deviceId: null,
      tokenId: id,
      expiresAt: clock.now() + HOUR_MS,
    })
  })

  it.each<[string[], 'user' | 'admin']>([
    [['user'], 'user'],
    [['execution'], 'user'],
    [['user', 'admin'], 'admin'],
  ])(
    'with the scopes %j makes the person it names, at first sight, with the role %s',
    async (scopes, role) => {
      const { token } = await aSignedToken({ scopes, subject: 'grace' })
      const { user } = await authenticator.authenticate(token)
      expect(user).toMatchObject({ name: 'grace', role, isActive: true })
      expect(await accounts.users.list()).toEqual([user])
    },
  )

  it('makes one person when it is first seen many times at once', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => aSignedToken({ subject: 'grace' })))
    const principals = await Promise.all(tokens.map(({ token }) => authenticator.authenticate(token)))
    const [grace] = await accounts.users.list()
    expect(await accounts.users.list()).toHaveLength(1)
    expect(principals.map(({ user }) => user)).toEqual(tokens.map(() => grace))
  })

  it('does not change the role of somebody who is there already', async () => {
    await accounts.users.create({ name: 'ada' })
    const { token } = await aSignedToken({ scopes: ['admin'] })
    expect((await authenticator.authenticate(token)).user.role).toBe('user')
  })

  it('drops scopes this version does not know', async () => {
    const { token } = await aSignedToken({ scopes: ['user', 'future'] })
    expect((await authenticator.authenticate(token)).scopes).toEqual(scopes('user'))
  })

  it('is refused when it has no scope this version knows', async () => {
    const { token } = await aSignedToken({ scopes: ['future'] })
    expect((await refusal(token)).message).toBe(
      'the token is not good: it has no scope this server knows; make a new one',
    )
    expect(await accounts.users.list()).toEqual([])
  })

  it('is refused when its subject cannot be a name', async () => {
    const { token } = await aSignedToken({ subject: 'ada\u0000lovelace' })
    expect(await refusal(token)).toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await accounts.users.list()).toEqual([])
  })

  it('is refused from its end on, also when it was good before', async () => {
    const { token } = await aSignedToken()
    await authenticator.authenticate(token)
    clock.jump(HOUR_MS - 1)
    await authenticator.authenticate(token)
    clock.jump(1)
    expect((await refusal(token)).message).toBe('the token is not good: it has expired; make a new one')
  })

  it('is refused from its revocation on, also when it was good before', async () => {
    const { token, id, expiresAt } = await aSignedToken()
    await authenticator.authenticate(token)
    await accounts.tokens.revokeSigned(id, expiresAt)
    expect((await refusal(token)).message).toBe('the token is not good: it was revoked; make a new one')
  })

  it('is refused while its user is deactivated, also when it was good before', async () => {
    const { token } = await aSignedToken()
    const { user } = await authenticator.authenticate(token)
    await accounts.users.setActive(user.id, false)
    expect((await refusal(token)).message).toBe(
      'the token is not good: its user is deactivated; ask an administrator',
    )
    await accounts.users.setActive(user.id, true)
    expect((await authenticator.authenticate(token)).user.isActive).toBe(true)
  })

  it('stays good when more others were seen than are remembered', async () => {
    authenticator = createAuthenticator({ ...accounts, signingKey: KEY, clock, maxRememberedTokens: 2 })
    const tokens = await Promise.all(Array.from({ length: 10 }, () => aSignedToken()))
    for (const { token, id } of [...tokens, ...tokens]) {
      expect((await authenticator.authenticate(token)).tokenId).toBe(id)
    }
  })

  it('is refused when it was never good, however often it comes', async () => {
    const { token } = await aSignedToken()
    const changed = `${token.slice(0, -10)}${token.at(-10) === 'A' ? 'B' : 'A'}${token.slice(-9)}`
    await authenticator.authenticate(token)
    for (let time = 0; time < 3; time += 1) {
      expect(await refusal(changed)).toMatchObject({ code: 'UNAUTHENTICATED' })
    }
  })
})

describe('a device token', () => {
  let ada: User

  beforeEach(async () => {
    ada = await accounts.users.create({ name: 'ada' })
  })

  it('gives its user and the scope device only', async () => {
    const { token, id } = await aDeviceToken(ada)
    expect(await authenticator.authenticate(token)).toEqual({
      user: ada,
      scopes: scopes('device'),
      deviceId: null,
      tokenId: id,
      expiresAt: null,
    })
  })

  it('gives the only device it is for, and its end', async () => {
    const { token } = await aDeviceToken(ada, { deviceId: 'device-1', expiresInSeconds: 60 })
    expect(await authenticator.authenticate(token)).toMatchObject({
      deviceId: 'device-1',
      expiresAt: clock.now() + 60_000,
    })
  })

  it('is refused once it has expired', async () => {
    const { token } = await aDeviceToken(ada, { expiresInSeconds: 60 })
    clock.jump(60_000)
    expect((await refusal(token)).message).toBe(
      'the token is not good: this device token has expired; make another',
    )
  })

  it('is refused once it was revoked', async () => {
    const { token, id } = await aDeviceToken(ada)
    await accounts.tokens.revoke(ada.id, id, new Date(clock.now()).toISOString())
    expect((await refusal(token)).message).toBe(
      'the token is not good: this device token was revoked; make another',
    )
  })

  it('is refused while its user is deactivated', async () => {
    const { token } = await aDeviceToken(ada)
    await accounts.users.setActive(ada.id, false)
    expect(await refusal(token)).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('is refused when any character is another', async () => {
    const { token } = await aDeviceToken(ada)
    for (let at = 0; at < token.length; at += 1) {
      const changed = token.slice(0, at) + (token[at] === 'a' ? 'b' : 'a') + token.slice(at + 1)
      expect(await refusal(changed), `position ${at}`).toMatchObject({ code: 'UNAUTHENTICATED' })
    }
  })

  it('is refused with the id of one and the secret of another', async () => {
    const [one, two] = [await aDeviceToken(ada), await aDeviceToken(ada)]
    expect(await refusal(one.token.replace(one.id, two.id))).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('is refused when it is the hash that the store keeps', async () => {
    const { id } = await aDeviceToken(ada)
    const kept = await accounts.tokens.get(ada.id, id)
    expect(await refusal(kept?.hash)).toMatchObject({ code: 'UNAUTHENTICATED' })
  })
})

describe('anything else', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an empty text', ''],
    ['a word', 'garbage'],
    ['spaces', '   '],
    ['a header', 'Bearer abc'],
    ['a number', 7],
    ['an object', { toString: () => 'x', length: 3 }],
    ['a list', ['a']],
    ['a token without signature', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.'],
    ['a device token of nobody', `rcd_${'0'.repeat(20)}_${'A'.repeat(43)}`],
    ['8193 characters', 'a'.repeat(8193)],
    ['ten million dots', '.'.repeat(10_000_000)],
  ])('06: is refused: %s', async (_what, bearer) => {
    expect(await refusal(bearer as string | undefined)).toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await accounts.users.list()).toEqual([])
  })

  it('is refused whatever it is, and makes nobody', async () => {
    const { token } = await aSignedToken()
    const [header, payload] = token.split('.')
    const almost = fc.string().map((text) => `${header}.${payload}.${text}`)
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), almost, fc.base64String()), async (text) => {
        expect(await refusal(text)).toMatchObject({ code: 'UNAUTHENTICATED' })
      }),
      { numRuns: 300 },
    )
    expect(await accounts.users.list()).toEqual([])
  })

  it('is never repeated in a refusal', async () => {
    const user = await accounts.users.create({ name: 'ada' })
    const device = await aDeviceToken(user)
    await accounts.tokens.revoke(user.id, device.id, new Date(clock.now()).toISOString())
    const expired = await aSignedToken({ now: clock.now() - 2 * HOUR_MS })
    for (const token of [device.token, expired.token, 'canary-garbage', `canary.${expired.token}`]) {
      const shown = inspect(await refusal(token), { depth: null, showHidden: true })
      // Signatures hold underscores: a piece of one or two letters is in any sentence.
      const pieces = token.split(/[._]/).filter((piece) => piece.length >= 6)
      for (const piece of pieces) expect(shown).not.toContain(piece.slice(0, 60))
    }
  })

  it('is not in the memory of the authenticator as a text, good ones included', async () => {
    const { token } = await aSignedToken()
    await authenticator.authenticate(token)
    expect(inspect(authenticator, { depth: null, showHidden: true })).not.toContain(token.slice(-40))
  })
})

describe('a store that cannot answer', () => {
  it('is not taken for a bad token', async () => {
    const failure = new AppError('STORE_UNAVAILABLE', 'the store is busy')
    const tokens = { ...accounts.tokens, isSignedRevoked: () => Promise.reject(failure) }
    authenticator = createAuthenticator({ ...accounts, tokens, signingKey: KEY, clock })
    expect(await refusal((await aSignedToken()).token)).toBe(failure)
  })
})

describe('people kept in memory', () => {
  it('are found without the store', async () => {
    const ada = await accounts.users.create({ name: 'ada' })
    const users = { ...accounts.users, findByName: () => Promise.reject(new Error('asked the store')) }
    const findUser = () => ({ ...ada, email: 'from-memory' })
    authenticator = createAuthenticator({ ...accounts, users, signingKey: KEY, clock, findUser })
    const { user } = await authenticator.authenticate((await aSignedToken()).token)
    expect(user.email).toBe('from-memory')
  })

  it('are asked of the store when they are not there yet', async () => {
    const ada = await accounts.users.create({ name: 'ada' })
    authenticator = createAuthenticator({ ...accounts, signingKey: KEY, clock, findUser: () => undefined })
    expect((await authenticator.authenticate((await aSignedToken()).token)).user).toEqual(ada)
    expect((await authenticator.authenticate((await aDeviceToken(ada)).token)).user).toEqual(ada)
  })
})

describe('a further kind of token', () => {
  it('is a further verifier, asked by the form of the token', async () => {
    const verifier = {
      accepts: (token: string) => token.startsWith('oidc:'),
      verify: async (token: string) => ({
        subject: { name: token.slice(5), role: 'user' as const },
        scopes: scopes('user'),
        deviceId: null,
        tokenId: `oidc:${token.length}`,
        expiresAt: null,
      }),
      owns: (id: string) => id.startsWith('oidc:'),
      isStillGood: async () => true,
    }
    authenticator = createAuthenticator({ ...accounts, signingKey: KEY, clock, moreVerifiers: [verifier] })
    const principal = await authenticator.authenticate('oidc:grace')
    expect(principal.user.name).toBe('grace')
    expect(await authenticator.recheck(principal)).toBe(true)
    expect((await authenticator.authenticate((await aSignedToken()).token)).user.name).toBe('ada')
  })
})

describe('a connection that was let in', () => {
  it.each<[string, (principal: Principal, expiresAt: string) => Promise<unknown>, boolean]>([
    ['nothing happened', async () => undefined, true],
    ['its token expired', async () => clock.jump(HOUR_MS), false],
    ['its user was deactivated', ({ user }) => accounts.users.setActive(user.id, false), false],
    ['its token was revoked', ({ tokenId }, end) => accounts.tokens.revokeSigned(tokenId, end), false],
  ])('by a signed token may stay when %s: %s', async (...[, happen, mayStay]) => {
    const { token, expiresAt } = await aSignedToken()
    const principal = await authenticator.authenticate(token)
    await happen(principal, expiresAt)
    expect(await authenticator.recheck(principal)).toBe(mayStay)
  })

  it.each<[string, (principal: Principal) => Promise<unknown>, boolean]>([
    ['nothing happened', async () => undefined, true],
    ['its token expired', async () => clock.jump(HOUR_MS), false],
    ['its user was deactivated', ({ user }) => accounts.users.setActive(user.id, false), false],
    [
      'its token was revoked',
      ({ user, tokenId }) => accounts.tokens.revoke(user.id, tokenId, new Date(clock.now()).toISOString()),
      false,
    ],
  ])('by a device token may stay when %s: %s', async (...[, happen, mayStay]) => {
    const user = await accounts.users.create({ name: 'ada' })
    const { token } = await aDeviceToken(user, { expiresInSeconds: 3600 })
    const principal = await authenticator.authenticate(token)
    await happen(principal)
    expect(await authenticator.recheck(principal)).toBe(mayStay)
  })

  it.each([
    ['a user nobody knows', { user: { id: '999' } as User }],
    ['a token id of no kind', { tokenId: 'x' }],
    ['a device token nobody made', { tokenId: '0'.repeat(20) }],
  ])('may not stay with %s', async (_what, change) => {
    const principal = await authenticator.authenticate((await aSignedToken()).token)
    expect(await authenticator.recheck({ ...principal, ...change })).toBe(false)
  })
})

describe('an Authorization header', () => {
  it.each([
    ['Bearer abc.def-_~+/=', 'abc.def-_~+/='],
    ['bearer abc', 'abc'],
    ['BEARER   abc  ', 'abc'],
    ['Basic abc', undefined],
    ['Bearer', undefined],
    ['Bearer ', undefined],
    ['Bearer a b', undefined],
    ['Bearer a, Bearer b', undefined],
    ['abc', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j holds the token %j', (header, token) => {
    expect(bearerOf(header)).toBe(token)
  })

  it('is read in time that grows with its length only', () => {
    expect(bearerOf(`Bearer ${' '.repeat(100_000)}x y`)).toBeUndefined()
    expect(bearerOf(`Bearer ${'='.repeat(100_000)} x`)).toBeUndefined()
  })
})
