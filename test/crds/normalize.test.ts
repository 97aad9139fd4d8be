import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { KIND_NAMES } from '#crds/kinds.ts'
import { normalizeObject, unknownFields } from '#crds/normalize.ts'
import { aManifest, asManifest, withNull } from '#test/support/manifests.ts'
import { mutants } from '#test/support/mutations.ts'

describe('normalizeObject', () => {
  it.each(KIND_NAMES)('keeps a %s in which every field is known', (kind) => {
    expect(normalizeObject(kind, aManifest(kind))).toEqual(aManifest(kind))
  })

  it('drops what the kind does not know, at every depth', () => {
    const spec = { colour: 'red', auth: { colour: 'red' } }
    const manifest = aManifest('UserRuntimeConfig', { colour: 'red', metadata: { colour: 'red' }, spec })
    expect(normalizeObject('UserRuntimeConfig', manifest)).toEqual(aManifest('UserRuntimeConfig'))
  })

  it('drops unknown fields of the objects in lists', () => {
    const runtimes = [{ name: 'codex', state: 'InSync', colour: 'red' }]
    const kept = asManifest(normalizeObject('Device', aManifest('Device', { status: { runtimes } })))
    expect(asManifest(kept['status'])['runtimes']).toEqual([{ name: 'codex', state: 'InSync' }])
  })

  it('fills in the limit of a runtime that has none', () => {
    const auth = { targetPath: '~/x', format: 'json' }
    const manifest = { metadata: { name: 'x' }, spec: { displayName: 'X', auth } }
    expect(normalizeObject('Runtime', manifest)).toEqual({
      metadata: { name: 'x' },
      spec: { displayName: 'X', auth: { ...auth, validation: { maxBytes: 524288 } } },
    })
  })

  it('fills in the limit beside a schema', () => {
    const patch = { spec: { auth: { validation: { maxBytes: null } } } }
    const kept = normalizeObject('Runtime', aManifest('Runtime', patch))
    expect(kept).toEqual(aManifest('Runtime', { spec: { auth: { validation: { maxBytes: 524288 } } } }))
  })

  it('gives each object a default of its own', () => {
    const patch = { spec: { auth: { validation: null } } }
    const [one, two] = [1, 2].map(() => validationOf(normalizeObject('Runtime', aManifest('Runtime', patch))))
    expect(one).toEqual(two)
    expect(one).not.toBe(two)
  })

  it.each(['spec.suspend', 'metadata.namespace', 'status', 'spec.auth.updatePolicy'])(
    'takes null for %s as absent',
    (path) => {
      const manifest = withNull(aManifest('UserRuntimeConfig'), path)
      const kept = JSON.stringify(normalizeObject('UserRuntimeConfig', manifest))
      expect(kept).not.toContain('null')
    },
  )

  it('keeps preferences as they are, null, depth and odd names included', () => {
    const preferences = JSON.parse('{"a":null,"__proto__":{"x":1},"constructor":[{}]}')
    const manifest = aManifest('User')
    const kept = normalizeObject('User', {
      ...manifest,
      spec: { ...asManifest(manifest['spec']), preferences },
    })
    expect(JSON.stringify(asManifest(asManifest(kept)['spec'])['preferences'])).toBe(
      JSON.stringify(preferences),
    )
  })

  it('drops names that every JavaScript object answers to', () => {
    const spec = JSON.parse('{"__proto__":{"x":1},"constructor":"x","toString":1,"runtime":"codex"}')
    expect(normalizeObject('UserRuntimeConfig', { spec })).toEqual({ spec: { runtime: 'codex' } })
    expect({}).not.toHaveProperty('x')
  })

  it.each([null, 'text', 5, undefined, []])('gives %j back', (value) => {
    expect(normalizeObject('Device', value)).toEqual(value)
  })

  it('changes nothing the second time, and never what it was given', () => {
    fc.assert(
      fc.property(mutants(), ({ kind, manifest }) => {
        const before = JSON.stringify(manifest)
        const once = normalizeObject(kind, manifest)
        expect(normalizeObject(kind, once)).toEqual(once)
        expect(JSON.stringify(manifest)).toBe(before)
      }),
    )
  })
})

describe('unknownFields', () => {
  it.each(KIND_NAMES)('finds none in a complete %s', (kind) => {
    expect(unknownFields(kind, aManifest(kind))).toEqual([])
  })

  it('names each by its path', () => {
    const manifest = aManifest('Device', {
      colour: 'red',
      metadata: { colour: 'red', labels: { any: 'thing' } },
      spec: { Suspend: true },
      status: { runtimes: [{ name: 'codex', state: 'InSync', a: { b: 1 } }] },
    })
    expect(unknownFields('Device', manifest).toSorted()).toEqual([
      'colour',
      'metadata.colour',
      'spec.Suspend',
      'status.runtimes[0].a',
    ])
  })

  it('finds none in preferences, where everything is known', () => {
    expect(unknownFields('User', aManifest('User', { spec: { preferences: { x: { y: 1 } } } }))).toEqual([])
  })

  it('stops at a hundred', () => {
    const spec = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`f${index}`, 1]))
    expect(unknownFields('Device', { spec })).toHaveLength(100)
  })

  it('cuts a name short that is too long to be one', () => {
    expect(unknownFields('Device', { ['x'.repeat(500)]: 1 })).toEqual([`${'x'.repeat(64)}…`])
  })

  it('finds none in what was normalised', () => {
    fc.assert(
      fc.property(mutants(), ({ kind, manifest }) => {
        expect(unknownFields(kind, normalizeObject(kind, manifest))).toEqual([])
      }),
    )
  })
})

function validationOf(object: unknown): unknown {
  return asManifest(asManifest(asManifest(object)['spec'])['auth'])['validation']
}
