import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { isLabelName, isLabelValue, isQualifiedName, isSubdomain, validateMetadata } from '#crds/metadata.ts'

describe('names', () => {
  it.each([
    ['codex', true, true],
    ['a', true, true],
    ['0', true, true],
    ['a-b', true, true],
    ['a.b', false, true],
    ['a..b', false, false],
    ['-a', false, false],
    ['a-', false, false],
    ['a.-b', false, false],
    ['A', false, false],
    ['a_b', false, false],
    ['ä', false, false],
    ['a\n', false, false],
    ['', false, false],
    ['x'.repeat(63), true, true],
    ['x'.repeat(64), false, true],
    ['x'.repeat(253), false, true],
    ['x'.repeat(254), false, false],
  ])('%j is a label %s and a subdomain %s', (text, isLabel, isDomain) => {
    expect(isLabelName(text)).toBe(isLabel)
    expect(isSubdomain(text)).toBe(isDomain)
  })

  it.each([
    ['a', true],
    ['A_b.c-d', true],
    ['example.com/a', true],
    ['Example.com/a', false],
    ['example.com/', false],
    ['/a', false],
    ['a/b/c', false],
    ['_a', false],
    ['a.', false],
    ['k'.repeat(63), true],
    ['k'.repeat(64), false],
    [`${'x'.repeat(253)}/a`, true],
    [`${'x'.repeat(254)}/a`, false],
    ['__proto__', false],
  ])('%j is a label key: %s', (text, expected) => {
    expect(isQualifiedName(text)).toBe(expected)
  })

  it.each([
    ['', true],
    ['a', true],
    ['A.b_c-d', true],
    ['-a', false],
    ['a b', false],
    ['v'.repeat(63), true],
    ['v'.repeat(64), false],
  ])('%j is a label value: %s', (text, expected) => {
    expect(isLabelValue(text)).toBe(expected)
  })

  it('every label is a subdomain too, and a label key and value', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/), (text) => {
        const checks = [isLabelName, isSubdomain, isQualifiedName, isLabelValue]
        expect(checks.filter((check) => !check(text))).toEqual([])
      }),
    )
  })
})

describe('validateMetadata', () => {
  it.each([
    ['no metadata', undefined, 'metadata'],
    ['a text', 'x', 'metadata'],
    ['no name', { namespace: 'n' }, 'metadata.name'],
    ['an empty name', { name: '', namespace: 'n' }, 'metadata.name'],
    ['a name that is a number', { name: 5, namespace: 'n' }, 'metadata.name'],
    ['no namespace', { name: 'x' }, 'metadata.namespace'],
    ['a namespace with a dot', { name: 'x', namespace: 'a.b' }, 'metadata.namespace'],
    ['labels that are a list', { name: 'x', namespace: 'n', labels: [] }, 'metadata.labels'],
    ['a label that is a number', { name: 'x', namespace: 'n', labels: { a: 5 } }, 'metadata.labels'],
    [
      'an annotation that is an object',
      { name: 'x', namespace: 'n', annotations: { a: {} } },
      'metadata.annotations',
    ],
    ['finalizers that are a text', { name: 'x', namespace: 'n', finalizers: 'x' }, 'metadata.finalizers'],
    ['a finalizer that is a number', { name: 'x', namespace: 'n', finalizers: [5] }, 'metadata.finalizers'],
    [
      'owners that are an object',
      { name: 'x', namespace: 'n', ownerReferences: {} },
      'metadata.ownerReferences',
    ],
    [
      'an owner that is null',
      { name: 'x', namespace: 'n', ownerReferences: [null] },
      'metadata.ownerReferences',
    ],
    ['a uid that is a number', { name: 'x', namespace: 'n', uid: 5 }, 'metadata.uid'],
    [
      'a version that is a number',
      { name: 'x', namespace: 'n', resourceVersion: 5 },
      'metadata.resourceVersion',
    ],
    ['a generation that is a text', { name: 'x', namespace: 'n', generation: '1' }, 'metadata.generation'],
  ])('refuses %s', (_what, metadata, path) => {
    expect(validateMetadata('Device', { metadata }).map((violation) => violation.path)).toEqual([path])
  })

  it('refuses a namespace where there is none', () => {
    expect(validateMetadata('Runtime', { metadata: { name: 'x', namespace: 'n' } })).toEqual([
      { path: 'metadata.namespace', message: 'must be absent: Runtime is not in a namespace' },
    ])
  })

  it('takes an empty namespace for none', () => {
    expect(validateMetadata('Runtime', { metadata: { name: 'x', namespace: '' } })).toEqual([])
  })

  it('names one wrong label of a million, not all', () => {
    const labels = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`-${index}`, '']))
    expect(validateMetadata('Runtime', { metadata: { name: 'x', labels } })).toHaveLength(1)
  })

  it('counts annotations in bytes, not characters', () => {
    const annotations = { a: '€'.repeat(87_382) }
    expect(validateMetadata('Runtime', { metadata: { name: 'x', annotations } })).toEqual([
      { path: 'metadata.annotations', message: 'must have at most 262144 bytes in all' },
    ])
  })
})
