import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { settleClaim, toClaim } from '#core/user-claims.ts'
import { API_VERSION } from '#crds/group.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { UserFeed } from '#store/kubernetes/user-feed.ts'
import { toUser } from '#store/kubernetes/user-object.ts'
import type { User } from '#store/users.ts'

type UserObject = ObjectOf<'User'>

const NAMES = ['u1', 'u2', 'u3', 'u4', 'u5'] as const

const objects: fc.Arbitrary<UserObject> = fc
  .record({
    name: fc.constantFrom(...NAMES),
    subject: fc.constantFrom('s1', 's2', 's3'),
    namespace: fc.constantFrom('n1', 'n2', 'n3'),
    second: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ name, subject, namespace, second }) => ({
    apiVersion: API_VERSION,
    kind: 'User',
    metadata: {
      name,
      uid: `uid-of-${name}-${second}`,
      creationTimestamp: `2026-11-21T10:00:0${second}Z`,
      resourceVersion: '1',
    },
    spec: { subject, namespace },
  }))

const steps = fc.oneof(
  { weight: 5, arbitrary: objects.map((object) => ({ put: object })) },
  { weight: 2, arbitrary: fc.constantFrom(...NAMES).map((name) => ({ remove: name })) },
  { weight: 1, arbitrary: fc.array(objects, { maxLength: 5 }).map((list) => ({ list })) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 6 }).map((count) => ({ read: count })) },
)

/** An object as an API server has it next: with another generation when its spec is another. */
function stamp(object: UserObject, previous: UserObject | undefined): UserObject {
  const before = previous?.metadata.generation ?? 0
  const isSame = JSON.stringify(previous?.spec) === JSON.stringify(object.spec)
  return { ...object, metadata: { ...object.metadata, generation: isSame ? before : before + 1 } }
}

/** Who is served of some objects, by the rule alone. */
function served(all: ReadonlyMap<string, UserObject>): ReadonlyMap<string, User> {
  const claims = [...all.values()].map(toClaim)
  const accepted = [...all.values()].filter((object) => settleClaim(toClaim(object), claims).isAccepted)
  return new Map(accepted.map((object) => [object.metadata.name, toUser(object)]))
}

describe('the feed of one reader', () => {
  it('ends with those who are served, whatever came and however slowly it was read', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 40 }), (all) => {
        const feed = new UserFeed([])
        const stored = new Map<string, UserObject>()
        // Also of those that are gone: one that is made again is another.
        const history = new Map<string, UserObject>()
        const seen = new Map<string, User>()
        const read = (count: number) => {
          for (let times = 0; times < count; times += 1) {
            const event = feed.next()
            if (event === undefined) return
            // What is new was not there, and what changes or goes was.
            expect(seen.has(event.user.id)).toBe(event.type !== 'ADDED')
            if (event.type === 'DELETED') seen.delete(event.user.id)
            else seen.set(event.user.id, event.user)
          }
        }
        for (const step of all) {
          if ('put' in step) {
            const object = stamp(step.put, history.get(step.put.metadata.name))
            history.set(object.metadata.name, object)
            stored.set(object.metadata.name, object)
            feed.apply({ type: 'MODIFIED', object })
          } else if ('remove' in step) {
            const object = stored.get(step.remove)
            stored.delete(step.remove)
            if (object) feed.apply({ type: 'DELETED', object })
          } else if ('list' in step) {
            stored.clear()
            for (const each of step.list) {
              const object = stamp(each, history.get(each.metadata.name))
              history.set(object.metadata.name, object)
              stored.set(object.metadata.name, object)
            }
            feed.replaceAll([...stored.values()])
          } else read(step.read)
        }
        read(1000)
        expect(seen).toEqual(served(stored))
        expect(feed.next()).toBeUndefined()
      }),
    )
  })

  it('never shows a subject or a namespace with two at a time to one who keeps up', () => {
    fc.assert(
      fc.property(fc.array(objects, { maxLength: 20 }), (all) => {
        const feed = new UserFeed([])
        const seen = new Map<string, User>()
        const stored = new Map<string, UserObject>()
        for (const each of all) {
          const object = stamp(each, stored.get(each.metadata.name))
          stored.set(object.metadata.name, object)
          feed.apply({ type: 'MODIFIED', object })
          for (let event = feed.next(); event !== undefined; event = feed.next()) {
            if (event.type === 'DELETED') seen.delete(event.user.id)
            else seen.set(event.user.id, event.user)
          }
          const users = [...seen.values()]
          expect(new Set(users.map(({ name }) => name)).size).toBe(users.length)
          expect(new Set(users.map(({ namespace }) => namespace)).size).toBe(users.length)
        }
      }),
    )
  })
})
