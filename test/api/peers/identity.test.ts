import { describe, expect, it } from 'vitest'

import { createPeerIdentity, PEER_AUDIENCE } from '#api/peers/identity.ts'
import { AppError } from '#core/errors.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { FakeReviews, OPERATOR } from '#test/support/peers.ts'

function anIdentity() {
  const [clock, reviews] = [new FakeClock(), new FakeReviews()]
  reviews.issue('own')
  reviews.issue('peer')
  return {
    clock,
    reviews,
    identity: createPeerIdentity({ reviews, ownToken: { read: async () => 'own' }, clock }),
  }
}

describe('a token', () => {
  it('of our service account is taken, and asked about once a minute', async () => {
    const { identity, reviews, clock } = anIdentity()
    await identity.verify('peer')
    await clock.advance(59_999)
    await identity.verify('peer')
    expect(reviews.asked).toEqual(['peer', 'own'])
    await clock.advance(1)
    await identity.verify('peer')

    expect(reviews.asked).toEqual(['peer', 'own', 'peer'])
  })

  it('is asked about once by all who show it at once', async () => {
    const { identity, reviews } = anIdentity()
    await Promise.all(Array.from({ length: 50 }, () => identity.verify('peer')))

    expect(reviews.asked.filter((token) => token === 'peer')).toEqual(['peer'])
  })

  it('is refused within a minute of being taken back', async () => {
    const { identity, reviews, clock } = anIdentity()
    await identity.verify('peer')
    reviews.tokens.delete('peer')
    await clock.advance(60_000)

    await expect(identity.verify('peer')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it.each([
    ['nobody knows', 'unknown', {}],
    ['is for another audience', 'other', { audience: 'https://kubernetes.default.svc' }],
  ])('that %s is not taken', async (_what, token, setup) => {
    const { identity, reviews } = anIdentity()
    if ('audience' in setup) reviews.issue(token, setup)

    await expect(identity.verify(token)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: `expected a token of a replica, for ${PEER_AUDIENCE}`,
    })
  })

  it('of another service account is not taken, though the cluster knows it', async () => {
    const { identity, reviews } = anIdentity()
    reviews.issue('guest', { username: 'system:serviceaccount:operator:default' })

    await expect(identity.verify('guest')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it('is not taken from a cluster that does not say whom it is for', async () => {
    const { identity, reviews } = anIdentity()
    reviews.answer = async () => ({ username: OPERATOR, groups: [], audiences: [] })

    await expect(identity.verify('peer')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it.each(['', 'x'.repeat(16_385), 'rcd_0123'])('that can be none is not asked about', async (token) => {
    const { identity, reviews } = anIdentity()

    await expect(identity.verify(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(reviews.asked).toEqual([])
  })
})

describe('a cluster that is away', () => {
  it('takes nobody in, and is asked again the next time', async () => {
    const { identity, reviews } = anIdentity()
    reviews.answer = () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'the API server is away'))
    await expect(identity.verify('peer')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    reviews.answer = null

    await expect(identity.verify('peer')).resolves.toBeUndefined()
  })

  it('is asked about sixteen tokens at once, not more', async () => {
    const { identity, reviews } = anIdentity()
    const { promise, resolve } = Promise.withResolvers<null>()
    reviews.answer = () => promise
    const waiting = Array.from({ length: 16 }, (_, index) =>
      identity.verify(`token-${index}`).catch((error: AppError) => error.code),
    )

    await expect(identity.verify('one-more')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    resolve(null)
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['UNAUTHENTICATED']))
  })
})

it('says so when it is our own token that the cluster does not take', async () => {
  const { identity, reviews } = anIdentity()
  reviews.tokens.delete('own')

  await expect(identity.verify('peer')).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining("does not take this replica's own token"),
  })
})
