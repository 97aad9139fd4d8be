import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { settleClaim, toClaim, type UserClaim, UserClaims } from '#core/user-claims.ts'
import { API_VERSION } from '#crds/group.ts'

function aClaim(overrides: Partial<UserClaim> = {}): UserClaim {
  const name = overrides.name ?? 'ada'
  return {
    name,
    subject: name,
    namespace: `user-${name}`,
    createdAt: '2026-11-21T10:00:00Z',
    ...overrides,
  }
}

const EARLIER = '2026-11-21T09:59:59Z'

describe('a User', () => {
  it('is served when nobody else claims what it claims', () => {
    expect(settleClaim(aClaim(), [aClaim(), aClaim({ name: 'bob', createdAt: EARLIER })])).toEqual({
      isAccepted: true,
    })
  })

  it.each([
    ['subject', 'SubjectTaken', { subject: 'ada' }],
    ['namespace', 'NamespaceTaken', { namespace: 'user-ada' }],
    ['subject before its namespace', 'SubjectTaken', { subject: 'ada', namespace: 'user-ada' }],
  ])('is not served when an older one has its %s', (_what, reason, overrides) => {
    const other = aClaim({ name: 'bob', createdAt: EARLIER, ...overrides })
    expect(settleClaim(aClaim(), [other])).toEqual({ isAccepted: false, reason, holder: 'bob' })
    expect(settleClaim(other, [aClaim()])).toEqual({ isAccepted: true })
  })

  it('is the older of two of one second when its name comes first', () => {
    const [ada, bob] = [aClaim(), aClaim({ name: 'bob', subject: 'ada' })]
    expect(settleClaim(ada, [bob])).toEqual({ isAccepted: true })
    expect(settleClaim(bob, [ada])).toEqual({ isAccepted: false, reason: 'SubjectTaken', holder: 'ada' })
  })

  it('claims what its object says', () => {
    const object = {
      apiVersion: API_VERSION,
      kind: 'User',
      metadata: { name: 'ada', creationTimestamp: EARLIER },
      spec: { subject: 'sub|1', namespace: 'team-a' },
    } as const
    expect(toClaim(object)).toEqual({
      name: 'ada',
      subject: 'sub|1',
      namespace: 'team-a',
      createdAt: EARLIER,
    })
  })
})

describe('the claims of all Users', () => {
  const few = (prefix: string) => fc.constantFrom(...['a', 'b', 'c'].map((end) => `${prefix}-${end}`))
  const claim = fc.record({
    name: fc.constantFrom('u1', 'u2', 'u3', 'u4', 'u5', 'u6'),
    subject: few('subject'),
    namespace: few('namespace'),
    createdAt: fc.constantFrom(EARLIER, '2026-11-21T10:00:00Z'),
  })
  const step = fc.oneof(
    { weight: 3, arbitrary: claim.map((put) => ({ put })) },
    { weight: 1, arbitrary: claim.map(({ name }) => ({ remove: name })) },
  )

  const play = (steps: readonly ({ put: UserClaim } | { remove: string })[]) => {
    const claims = new UserClaims()
    const model = new Map<string, UserClaim>()
    for (const one of steps) {
      if ('put' in one) {
        claims.put(one.put)
        model.set(one.put.name, one.put)
      } else {
        claims.remove(one.remove)
        model.delete(one.remove)
      }
    }
    return { claims, model }
  }

  it('are settled as the rule says, whatever came and went', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { claims, model } = play(steps)
        for (const name of ['u1', 'u2', 'u3', 'u4', 'u5', 'u6']) {
          const own = model.get(name)
          expect(claims.verdictOf(name)).toEqual(own && settleClaim(own, model.values()))
        }
      }),
    )
  })

  it('give no subject and no namespace to two', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { claims, model } = play(steps)
        const served = [...model.values()].filter(({ name }) => claims.verdictOf(name)?.isAccepted)
        expect(new Set(served.map(({ subject }) => subject)).size).toBe(served.length)
        expect(new Set(served.map(({ namespace }) => namespace)).size).toBe(served.length)
      }),
    )
  })

  it('name everybody whose verdict a change may turn', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), step, (steps, last) => {
        const { claims, model } = play(steps)
        const names = [...model.keys()]
        const before = new Map(names.map((name) => [name, claims.verdictOf(name)]))
        const touched = 'put' in last ? claims.put(last.put) : claims.remove(last.remove)
        const changed = names.filter((name) => {
          return JSON.stringify(claims.verdictOf(name)) !== JSON.stringify(before.get(name))
        })
        expect(changed.filter((name) => !touched.has(name))).toEqual([])
      }),
    )
  })

  it('never take away what somebody has because a younger User came', () => {
    fc.assert(
      fc.property(fc.array(claim, { maxLength: 12 }), claim, (all, other) => {
        const { claims, model } = play(all.map((put) => ({ put })))
        const served = [...model.keys()].filter((name) => claims.verdictOf(name)?.isAccepted)
        claims.put({ ...other, name: 'newcomer', createdAt: '2026-11-22T00:00:00Z' })
        expect(served.filter((name) => claims.verdictOf(name)?.isAccepted !== true)).toEqual([])
      }),
    )
  })
})
