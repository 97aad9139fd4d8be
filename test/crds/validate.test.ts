import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { KIND_NAMES } from '#crds/kinds.ts'
import { validateObject } from '#crds/validate.ts'
import { MANIFEST_CASES } from '#test/support/manifest-cases.ts'
import { aManifest } from '#test/support/manifests.ts'
import { mutants } from '#test/support/mutations.ts'

describe('validateObject', () => {
  const verdicts = MANIFEST_CASES.map((row) => [`${row.kind}: ${row.title}`, row] as const)

  it.each(verdicts.filter(([, row]) => row.refusedAt === null))('accepts %s', (_title, row) => {
    expect(validateObject(row.kind, row.manifest, row.stored)).toEqual([])
  })

  it.each(verdicts.filter(([, row]) => row.refusedAt !== null))('refuses %s', (_title, row) => {
    const paths = validateObject(row.kind, row.manifest, row.stored).map((violation) => violation.path)
    expect(paths).toContain(row.refusedAt)
  })
})

describe('validateObject, whatever it is given,', () => {
  const canary = 'canary-4f1d'

  it.each([undefined, null, 0, '', 'text', [], {}, true, () => 1, Symbol('x'), 5n, new Map()])(
    'refuses %s',
    (value) => {
      for (const kind of KIND_NAMES) expect(validateObject(kind, value)).not.toEqual([])
    },
  )

  it('never throws, and never repeats a value', () => {
    fc.assert(
      fc.property(mutants(), fc.jsonValue(), ({ kind, manifest }, old) => {
        const said = JSON.stringify(validateObject(kind, manifest, old))
        expect(said).not.toMatch(/sealed|x{20}|a{64}/)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['spec.runtime', { spec: { runtime: canary.toUpperCase() } }],
    ['spec.auth.targetPath', { spec: { auth: { targetPath: canary } } }],
    ['spec.auth.encryptedValue', { spec: { auth: { encryptedValue: canary.repeat(300_000) } } }],
    ['spec.auth.sha256', { spec: { auth: { sha256: canary } } }],
    ['spec.auth.updatePolicy', { spec: { auth: { updatePolicy: canary } } }],
    ['spec.auth.updatedAt', { spec: { auth: { updatedAt: canary } } }],
    ['metadata.labels', { metadata: { labels: { a: `${canary} ${canary}` } } }],
  ])('names %s without the value', (path, patch) => {
    const said = validateObject('UserRuntimeConfig', aManifest('UserRuntimeConfig', patch))
    expect(said.map((violation) => violation.path)).toContain(path)
    expect(JSON.stringify(said).toLowerCase()).not.toContain(canary)
  })

  it('survives depth', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)
    const nested = JSON.parse(`${'{"spec":'.repeat(50_000)}1${'}'.repeat(50_000)}`)
    for (const value of [deep, nested]) {
      expect(validateObject('Device', value)).not.toEqual([])
      const proxy = { schemes: [value, value] }
      expect(validateObject('Runtime', { ...aManifest('Runtime'), spec: { proxy } })).not.toEqual([])
      expect(validateObject('User', withPreferences({ value }))).toEqual([])
    }
  })

  it('survives size, and says little about it', () => {
    const many = Array.from({ length: 200_000 }, () => ({}))
    const wide = Object.fromEntries(many.map((_, index) => [`k${index}`, 5]))
    expect(validateObject('Device', aManifest('Device', { status: { runtimes: many } }))).toEqual([
      { path: 'status.runtimes', message: 'must have at most 128 items' },
    ])
    expect(
      validateObject('Device', aManifest('Device', { status: { runtimes: [wide] } })).length,
    ).toBeLessThan(9)
    expect(validateObject('User', withPreferences(wide))).toEqual([
      { path: 'spec.preferences', message: 'must have at most 1024 entries' },
    ])
  })

  it('is not fooled by names that every object answers to', () => {
    const spec = JSON.parse('{"__proto__":{"runtime":"codex"}}')
    const manifest = { ...aManifest('UserRuntimeConfig'), spec }
    expect(validateObject('UserRuntimeConfig', manifest)).toEqual([
      { path: 'spec.runtime', message: 'is required and must be a string' },
    ])
  })

  it('does not mind what was stored before', () => {
    for (const old of [null, 5, 'x', [], {}, { spec: null }, { spec: { deviceId: null } }]) {
      expect(validateObject('Device', aManifest('Device'), old)).toEqual([])
    }
  })

  function withPreferences(preferences: unknown): unknown {
    return { ...aManifest('User'), spec: { subject: 'ada', namespace: 'user-ada', preferences } }
  }
})
