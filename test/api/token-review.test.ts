import { beforeEach, describe, expect, it } from 'vitest'

import { type Authenticator, createAuthenticator } from '#api/authenticate.ts'
import { createTokenReviewVerifier } from '#api/token-review-verifier.ts'
import { AppError } from '#core/errors.ts'
import { signToken } from '#secrets/signing.ts'
import type { ReviewedIdentity } from '#store/token-reviews.ts'
import { type Accounts, openAccounts } from '#test/support/accounts.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { refusalOf } from '#test/support/key-files.ts'
import { aSigningKey } from '#test/support/keys.ts'

const AUDIENCE = 'runtime-config-operator/api'
const CI = 'system:serviceaccount:team:ci'

let clock: FakeClock
let accounts: Accounts
let authenticator: Authenticator
let asked: string[]
let answer: (token: string) => Promise<ReviewedIdentity | null>

beforeEach(async () => {
  clock = new FakeClock()
  accounts = await openAccounts(clock)
  await accounts.users.create({ name: CI })
  asked = []
  answer = async (token) => (token.startsWith('good') ? anIdentity() : null)
  const reviews = {
    review: async (token: string) => {
      asked.push(token)
      return answer(token)
    },
  }
  const groups = { admin: ['system:masters'], execution: ['back-ends'] }
  const verifier = createTokenReviewVerifier({
    reviews,
    audience: AUDIENCE,
    groups,
    tokens: accounts.tokens,
    clock,
  })
  authenticator = createAuthenticator({
    ...accounts,
    signingKey: aSigningKey(),
    clock,
    moreVerifiers: [verifier],
  })
})

function anIdentity(overrides: Partial<ReviewedIdentity> = {}): ReviewedIdentity {
  return { username: CI, groups: ['system:serviceaccounts'], audiences: [AUDIENCE], ...overrides }
}

describe('a token that the cluster knows', () => {
  it('stands for the user whose subject is its name', async () => {
    expect(await authenticator.authenticate('good')).toEqual({
      user: await accounts.users.findByName(CI),
      scopes: new Set(['user', 'device']),
      deviceId: null,
      tokenId: expect.stringMatching(/^review-[0-9a-f]{32}$/),
      expiresAt: null,
    })
  })

  it('ends when it says', async () => {
    const end = Math.round(clock.now() / 1000) + 600
    const token = `good.${Buffer.from(JSON.stringify({ exp: end })).toString('base64url')}.x`
    expect((await authenticator.authenticate(token)).expiresAt).toBe(end * 1000)
  })

  it('may do more as a member of a group', async () => {
    answer = async () => anIdentity({ groups: ['system:masters', 'back-ends'] })
    const { scopes } = await authenticator.authenticate('good')
    expect(scopes).toEqual(new Set(['user', 'device', 'admin', 'execution']))
  })

  it('is asked about once a minute, however often it is shown', async () => {
    await Promise.all(Array.from({ length: 20 }, () => authenticator.authenticate('good')))
    await clock.advance(59_000)
    await authenticator.authenticate('good')
    expect(asked).toHaveLength(1)
    await clock.advance(1_000)
    await authenticator.authenticate('good')
    expect(asked).toHaveLength(2)
  })

  it('that is good no more ends what it opened within a minute', async () => {
    const principal = await authenticator.authenticate('good')
    answer = async () => null
    expect(await authenticator.recheck(principal)).toBe(true)
    await clock.advance(60_000)
    expect(await authenticator.recheck(principal)).toBe(false)
  })

  it('leaves it open who asks while the cluster is away, and is asked about again', async () => {
    const away = new AppError('STORE_UNAVAILABLE', 'away')
    answer = async () => Promise.reject(away)
    expect(await refusalOf(authenticator.authenticate('good'))).toBe(away)
    answer = async () => anIdentity()
    expect((await authenticator.authenticate('good')).user.name).toBe(CI)
  })

  it('can be signed off', async () => {
    const principal = await authenticator.authenticate('good')
    await accounts.tokens.revokeSigned(principal.tokenId, new Date(clock.now() + 60_000).toISOString())
    expect(await authenticator.recheck(principal)).toBe(false)
    expect((await refusalOf(authenticator.authenticate('good'))).message).toContain('it was revoked')
  })
})

describe('a token is refused', () => {
  it('that the cluster does not know, and it is not asked again for ten seconds', async () => {
    const refusal = await refusalOf(authenticator.authenticate('bad'))
    expect(refusal).toMatchObject({
      code: 'UNAUTHENTICATED',
      message: 'the token is not good: neither this server nor the cluster knows it',
    })
    await refusalOf(authenticator.authenticate('bad'))
    expect(asked).toHaveLength(1)
    await clock.advance(10_000)
    await refusalOf(authenticator.authenticate('bad'))
    expect(asked).toHaveLength(2)
  })

  it.each([[[]], [['https://kubernetes.default.svc']]])('that is for the audiences %j', async (audiences) => {
    answer = async () => anIdentity({ audiences })
    expect((await refusalOf(authenticator.authenticate('good'))).code).toBe('UNAUTHENTICATED')
  })

  it('of somebody who is nobody here, with the User to make', async () => {
    answer = async () => anIdentity({ username: 'system:serviceaccount:team:other' })
    expect(await refusalOf(authenticator.authenticate('good'))).toMatchObject({
      code: 'FORBIDDEN',
      message:
        'nobody here is "system:serviceaccount:team:other"; ask an administrator to make a User with spec.subject: "system:serviceaccount:team:other"',
    })
    expect(await accounts.users.list()).toHaveLength(1)
  })

  it('when too many new ones come at once', async () => {
    const open = Promise.withResolvers<null>()
    answer = () => open.promise
    const tries = Array.from({ length: 65 }, (_none, index) =>
      refusalOf(authenticator.authenticate(`t${index}`)),
    )
    const last = await tries.at(-1)
    expect(last?.code).toBe('STORE_UNAVAILABLE')
    open.resolve(null)
    expect((await Promise.all(tries)).filter(({ code }) => code === 'UNAUTHENTICATED')).toHaveLength(64)
  })
})

describe('a token of the server itself', () => {
  it('is no matter of the cluster', async () => {
    const request = { subject: 'ada', scopes: ['user'], expiresInSeconds: 60, now: clock.now() }
    await authenticator.authenticate((await signToken(aSigningKey(), request)).token)
    expect(asked).toEqual([])
  })

  it.each([`rcd_${'0'.repeat(20)}_${'x'.repeat(43)}`, 'rcd_0123'])(
    'is none either when it is for devices and unknown, or mistyped',
    async (token) => {
      await expect(authenticator.authenticate(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
      expect(asked).toEqual([])
    },
  )
})
