import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { ObjectMeta } from '#crds/object.ts'
import type { AnyObject } from '#store/any-object.ts'
import {
  checkIdentity,
  planCreate,
  planDelete,
  planStatusUpdate,
  planUpdate,
} from '#store/sqlite/lifecycle.ts'
import { refusalOf } from '#test/support/refusal.ts'

const BIRTH = { uid: 'uid-1', creationTimestamp: '2026-11-21T10:00:00.000Z' }
const NOW = '2026-11-21T11:00:00.000Z'

function anObject(metadata: Partial<ObjectMeta> = {}, rest: Partial<AnyObject> = {}): AnyObject {
  return {
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: { name: 'a', namespace: 'user-1', ...metadata },
    spec: { size: 1 },
    ...rest,
  }
}

function aStored(metadata: Partial<ObjectMeta> = {}, rest: Partial<AnyObject> = {}): AnyObject {
  return anObject({ uid: 'uid-1', generation: 3, resourceVersion: '9', ...metadata }, rest)
}

const texts = fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string(), { maxKeys: 3 })
const finalizers = fc.uniqueArray(fc.constantFrom('x/a', 'x/b', 'x/c'))
const metadata = fc
  .record({ labels: texts, annotations: texts, finalizers }, { requiredKeys: [] })
  .map((given): Partial<ObjectMeta> => given)
const part = fc.oneof(fc.constant(undefined), fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }))
const incoming = fc
  .tuple(metadata, part, part)
  .map(([given, spec, status]) => anObject(given, { spec, status }))

describe('a new object', () => {
  it('has what the server decides and what the caller may say', () => {
    const given = { uid: 'mine', generation: 9, resourceVersion: '4', labels: { a: '' }, annotations: {} }
    expect(planCreate(anObject(given, { status: { done: true } }), BIRTH)).toEqual(
      anObject({ ...BIRTH, generation: 1, labels: { a: '' } }),
    )
  })

  it('is unchanged by an update with the same', () => {
    fc.assert(
      fc.property(incoming, (object) => {
        const created = planCreate(object, BIRTH)
        expect(planUpdate(created, object)).toEqual({ result: 'unchanged', object: created })
      }),
    )
  })
})

describe('an update', () => {
  it('counts in generation exactly when the spec changes', () => {
    fc.assert(
      fc.property(incoming, incoming, (first, second) => {
        const created = planCreate(first, BIRTH)
        const { object } = planUpdate(created, second)
        const isSameSpec = planUpdate(created, { ...second, metadata: first.metadata }).result === 'unchanged'
        expect(object.metadata.generation).toBe(isSameSpec ? 1 : 2)
      }),
    )
  })

  it('never touches the status, the uid or the times', () => {
    fc.assert(
      fc.property(incoming, (object) => {
        const stored = aStored({ creationTimestamp: NOW }, { status: { done: true } })
        const planned = planUpdate(stored, object).object
        const { uid, creationTimestamp, resourceVersion } = planned.metadata
        expect([planned.status, uid, creationTimestamp, resourceVersion]).toEqual([
          { done: true },
          'uid-1',
          NOW,
          '9',
        ])
      }),
    )
  })

  it('can be repeated without effect', () => {
    fc.assert(
      fc.property(incoming, incoming, (first, second) => {
        const once = planUpdate(planCreate(first, BIRTH), second).object
        expect(planUpdate(once, second).result).toBe('unchanged')
      }),
    )
  })

  it('removes an object being deleted exactly when no finalizer is left', () => {
    fc.assert(
      fc.property(finalizers, finalizers, (before, after) => {
        fc.pre(before.length > 0 && after.every((name) => before.includes(name)))
        const stored = aStored({ finalizers: before, deletionTimestamp: NOW })
        expect(planUpdate(stored, anObject({ finalizers: after })).result === 'removed').toBe(
          after.length === 0,
        )
      }),
    )
  })

  it('takes no new finalizer for an object being deleted', () => {
    const stored = aStored({ finalizers: ['x/a'], deletionTimestamp: NOW })
    expect(refusalOf(() => planUpdate(stored, anObject({ finalizers: ['x/a', 'x/b'] })))).toEqual({
      code: 'INVALID',
      message: 'metadata.finalizers: no finalizer can be added to an object being deleted',
    })
  })

  it('keeps managed fields, which server-side apply needs', () => {
    const managedFields = [{ manager: 'kubectl', operation: 'Apply' }]
    const given = anObject(Object.assign(anObject().metadata, { managedFields }))
    expect(planUpdate(aStored(), given).object.metadata).toMatchObject({ managedFields })
  })
})

describe('an update of the status', () => {
  it('changes nothing but the status', () => {
    fc.assert(
      fc.property(incoming, (object) => {
        const stored = aStored({ labels: { a: 'b' } }, { status: { done: true } })
        const { status: _, ...rest } = stored
        const { status, ...planned } = planStatusUpdate(stored, object).object
        expect(planned).toEqual(rest)
        expect(status).toEqual(object.status)
      }),
    )
  })

  it('is unchanged by the same status', () => {
    const stored = aStored({}, { status: { b: [1], a: { x: null } } })
    const same = anObject({}, { spec: 'ignored', status: { a: { x: null }, b: [1] } })
    expect(planStatusUpdate(stored, same)).toEqual({ result: 'unchanged', object: stored })
  })
})

describe('a deletion', () => {
  it('removes what nothing holds', () => {
    expect(planDelete(aStored(), NOW)).toEqual({ result: 'removed', object: aStored() })
    expect(planDelete(aStored({ finalizers: [] }), NOW).result).toBe('removed')
  })

  it('only marks what a finalizer holds, once', () => {
    const marked = planDelete(aStored({ finalizers: ['x/a'] }), NOW)
    expect(marked).toEqual({
      result: 'changed',
      object: aStored({ finalizers: ['x/a'], deletionTimestamp: NOW, generation: 4 }),
    })
    expect(planDelete(marked.object, 'later')).toEqual({ result: 'unchanged', object: marked.object })
  })
})

describe('the identity of an object', () => {
  it.each([
    ['nothing', {}],
    ['empty texts', { uid: '', resourceVersion: '' }],
    ['what is so', { uid: 'uid-1', resourceVersion: '9' }],
  ])('is right for one who says %s', (_what, given) => {
    expect(() => checkIdentity(aStored(), { metadata: given })).not.toThrow()
  })

  it.each([
    [{ uid: 'other' }, 'Thing a was deleted and made again; read it and try again'],
    [{ resourceVersion: '8' }, 'Thing a was changed meanwhile; read it and try again'],
    [{ uid: 'uid-1', resourceVersion: 'x' }, 'Thing a was changed meanwhile; read it and try again'],
  ])('is wrong for %o', (given, message) => {
    expect(refusalOf(() => checkIdentity(aStored(), { metadata: given }))).toEqual({
      code: 'CONFLICT',
      message,
    })
  })
})
