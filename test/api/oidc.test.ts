import { SignJWT, UnsecuredJWT } from 'jose'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import { type Authenticator, createAuthenticator } from '#api/authenticate.ts'
import { createOidcVerifier, type OidcOptions } from '#api/oidc-verifier.ts'
import { type Accounts, openAccounts } from '#test/support/accounts.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { refusalOf } from '#test/support/key-files.ts'
import { aSigningKey } from '#test/support/keys.ts'
import { anOpenIdProvider, type OpenIdProvider } from '#test/support/openid-provider.ts'

const HOUR_MS = 3_600_000

let clock: FakeClock
let accounts: Accounts
let provider: OpenIdProvider
let warnings: string[]

beforeEach(async () => {
  // The provider lives in real time.
  clock = new FakeClock(Date.now())
  accounts = await openAccounts(clock)
  provider = await anOpenIdProvider()
  onTestFinished(() => provider.close())
  warnings = []
})

function anAuthenticator(overrides: Partial<OidcOptions> = {}): Authenticator {
  const verifier = createOidcVerifier({
    issuer: provider.issuer,
    audience: 'runtimeconfig',
    subjectClaim: 'sub',
    groupsClaim: 'groups',
    createUsers: false,
    groups: { admin: ['platform'], execution: ['back-ends'] },
    tokens: accounts.tokens,
    clock,
    logger: {
      warn: (fields, message) => void warnings.push(`${message}: ${String(Object.values(fields)[0])}`),
    },
    cooldownMs: 0,
    ...overrides,
  })
  return createAuthenticator({ ...accounts, signingKey: aSigningKey(), clock, moreVerifiers: [verifier] })
}

describe('a token of an OpenID provider', () => {
  it('stands for the user of its subject, with devices, until it ends', async () => {
    const ada = await accounts.users.create({ name: 'ada' })
    const { expiresAt, ...principal } = await anAuthenticator().authenticate(await provider.token('ada'))
    expect(principal).toEqual({
      user: ada,
      scopes: new Set(['user', 'device']),
      deviceId: null,
      tokenId: expect.stringMatching(/^oidc-[0-9a-f]{32}$/),
    })
    expect(Math.abs((expiresAt ?? 0) - Date.now() - HOUR_MS)).toBeLessThan(120_000)
  })

  it.each([
    [['platform'], ['user', 'device', 'admin']],
    [
      ['back-ends', 'others'],
      ['user', 'device', 'execution'],
    ],
    [
      ['platform', 'back-ends'],
      ['user', 'device', 'admin', 'execution'],
    ],
    ['platform', ['user', 'device', 'admin']],
    [
      ['Platform', 7],
      ['user', 'device'],
    ],
    [undefined, ['user', 'device']],
  ])('of the groups %j may do %j', async (groups, scopes) => {
    await accounts.users.create({ name: 'ada' })
    const token = await provider.token('ada', { claims: groups === undefined ? {} : { groups } })
    expect((await anAuthenticator().authenticate(token)).scopes).toEqual(new Set(scopes))
  })

  it('names the user by the claim that a setting names', async () => {
    const mail = await accounts.users.create({ name: 'ada@example.test' })
    const token = await provider.token('ada', { claims: { email: 'ada@example.test', email_verified: true } })
    expect((await anAuthenticator({ subjectClaim: 'email' }).authenticate(token)).user).toEqual(mail)
  })

  it('with an address that is not verified stands for nobody', async () => {
    await accounts.users.create({ name: 'ada@example.test' })
    const token = await provider.token('ada', {
      claims: { email: 'ada@example.test', email_verified: false },
    })
    const refusal = await refusalOf(anAuthenticator({ subjectClaim: 'email' }).authenticate(token))
    expect(refusal).toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('not verified'),
    })
  })

  it('of somebody unknown is refused with the User to make', async () => {
    const refusal = await refusalOf(anAuthenticator().authenticate(await provider.token('grace')))
    expect(refusal).toMatchObject({
      code: 'FORBIDDEN',
      message: 'nobody here is "grace"; ask an administrator to make a User with spec.subject: "grace"',
    })
    expect(await accounts.users.list()).toEqual([])
  })

  it('of somebody unknown makes a user where that is allowed', async () => {
    const authenticator = anAuthenticator({ createUsers: true })
    const [token, admin] = [
      await provider.token('grace'),
      await provider.token('ada', { claims: { groups: ['platform'] } }),
    ]
    expect((await authenticator.authenticate(token)).user).toMatchObject({ name: 'grace', role: 'user' })
    expect((await authenticator.authenticate(admin)).user).toMatchObject({ name: 'ada', role: 'admin' })
  })

  it('of a deactivated user is refused, and what was let in has to go', async () => {
    const { id } = await accounts.users.create({ name: 'ada' })
    const authenticator = anAuthenticator()
    const token = await provider.token('ada')
    const principal = await authenticator.authenticate(token)
    expect(await authenticator.recheck(principal)).toBe(true)
    await accounts.users.setActive(id, false)
    expect(await authenticator.recheck(principal)).toBe(false)
    expect((await refusalOf(authenticator.authenticate(token))).message).toContain('deactivated')
  })

  it('can be signed off', async () => {
    await accounts.users.create({ name: 'ada' })
    const authenticator = anAuthenticator()
    const token = await provider.token('ada')
    const principal = await authenticator.authenticate(token)
    await accounts.tokens.revokeSigned(principal.tokenId, new Date(clock.now() + HOUR_MS).toISOString())
    expect(await authenticator.recheck(principal)).toBe(false)
    expect((await refusalOf(authenticator.authenticate(token))).message).toContain('revoked')
  })
})

describe('a token is refused', () => {
  beforeEach(async () => {
    await accounts.users.create({ name: 'ada' })
  })

  it('a minute after it ended, not before: clocks differ', async () => {
    const authenticator = anAuthenticator()
    const token = await provider.token('ada')
    await clock.advance(HOUR_MS + 50_000)
    expect((await authenticator.authenticate(token)).user.name).toBe('ada')
    await clock.advance(12_000)
    expect((await refusalOf(authenticator.authenticate(token))).message).toContain('it has expired')
  })

  it('when it was issued for somebody else', async () => {
    const token = await provider.token('ada', { audience: 'another-app' })
    expect((await refusalOf(anAuthenticator().authenticate(token))).message).toBe(
      'the token is not good: expected one for the audience runtimeconfig',
    )
  })

  it.each<[string, (issuer: string) => Promise<string>, string]>([
    [
      'when somebody else signed it with a secret',
      (issuer) => forged(issuer).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32)),
      'the OpenID provider did not sign it',
    ],
    [
      'when nobody signed it',
      async (issuer) =>
        new UnsecuredJWT({ sub: 'ada' }).setIssuer(issuer).setAudience('runtimeconfig').encode(),
      'the OpenID provider did not sign it',
    ],
    [
      'when it says of itself that it is something else',
      (issuer) =>
        forged(issuer).setProtectedHeader({ alg: 'HS256', typ: 'logout+jwt' }).sign(new Uint8Array(32)),
      'expected an ID token or an access token',
    ],
    [
      'when another issuer made it',
      () => forged('https://another.example').setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32)),
      'this server did not make it',
    ],
  ])('%s', async (_what, make, words) => {
    const refusal = await refusalOf(anAuthenticator().authenticate(await make(provider.issuer)))
    expect(refusal).toMatchObject({ code: 'UNAUTHENTICATED', message: `the token is not good: ${words}` })
  })

  it('when one of its letters changed', async () => {
    const [header, claims = '', signature] = (await provider.token('ada')).split('.')
    const other = Buffer.from(claims, 'base64url').toString().replace('"ada"', '"eve"')
    const token = [header, Buffer.from(other).toString('base64url'), signature].join('.')
    expect((await refusalOf(anAuthenticator().authenticate(token))).message).toContain('did not sign it')
  })

  it('when its name is no name', async () => {
    const token = await provider.token('ada', { claims: { email: 'a'.repeat(101) } })
    const refusal = await refusalOf(anAuthenticator({ subjectClaim: 'email' }).authenticate(token))
    expect(refusal.message).toContain('expected the claim email to hold 1 to 100 characters')
  })
})

describe('the keys of the provider', () => {
  beforeEach(async () => {
    await accounts.users.create({ name: 'ada' })
  })

  it('are asked for once, not for each token', async () => {
    const authenticator = anAuthenticator()
    for (let round = 0; round < 5; round += 1) await authenticator.authenticate(await provider.token('ada'))
    expect(provider.keyRequests()).toBe(1)
  })

  it('may change at any time, without a restart', async () => {
    const authenticator = anAuthenticator()
    const before = await provider.token('ada')
    await authenticator.authenticate(before)
    provider.rotate()
    expect((await authenticator.authenticate(await provider.token('ada'))).user.name).toBe('ada')
    expect((await refusalOf(authenticator.authenticate(before))).code).toBe('UNAUTHENTICATED')
  })

  it('count on while the provider is away', async () => {
    const authenticator = anAuthenticator()
    const [first, second] = [await provider.token('ada'), await provider.token('ada')]
    await authenticator.authenticate(first)
    provider.be('broken')
    expect((await authenticator.authenticate(second)).user.name).toBe('ada')
  })

  it.each(['broken', 'silent'] as const)(
    'that cannot be read make nobody wait for long when the provider is %s, and are found when it is back',
    async (state) => {
      const authenticator = anAuthenticator({ answerMs: 200 })
      const token = await provider.token('ada')
      provider.be(state)
      const expected = {
        code: 'STORE_UNAVAILABLE',
        message: `the keys of the OpenID provider ${provider.issuer} cannot be read at the moment; try again in a minute`,
      }
      expect(await refusalOf(authenticator.authenticate(token))).toMatchObject(expected)
      provider.be('there')
      expect(await refusalOf(authenticator.authenticate(token))).toMatchObject(expected)
      await clock.advance(10_000)
      expect((await authenticator.authenticate(token)).user.name).toBe('ada')
    },
  )

  it('that are new while the provider is away leave it open who asks', async () => {
    const authenticator = anAuthenticator()
    await authenticator.authenticate(await provider.token('ada'))
    provider.rotate()
    const token = await provider.token('ada')
    provider.be('broken')
    expect((await refusalOf(authenticator.authenticate(token))).code).toBe('STORE_UNAVAILABLE')
    provider.be('there')
    await clock.advance(10_000)
    expect((await authenticator.authenticate(token)).user.name).toBe('ada')
  })

  it('are not taken from a provider that calls itself otherwise', async () => {
    const token = await provider.token('ada')
    const issuer = provider.issuer.replace('127.0.0.1', 'localhost')
    const forged = token.split('.')
    const claims = Buffer.from(forged[1] ?? '', 'base64url')
      .toString()
      .replace(provider.issuer, issuer)
    forged[1] = Buffer.from(claims).toString('base64url')
    const refusal = await refusalOf(anAuthenticator({ issuer }).authenticate(forged.join('.')))
    expect(refusal.code).toBe('STORE_UNAVAILABLE')
    expect(warnings).toEqual([
      'the OpenID provider could not be asked for its keys: Error: the discovery document is that of another issuer',
    ])
  })
})

function forged(issuer: string): SignJWT {
  return new SignJWT({ sub: 'ada' }).setIssuer(issuer).setAudience('runtimeconfig').setExpirationTime('1h')
}
