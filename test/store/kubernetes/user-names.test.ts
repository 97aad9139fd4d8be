import { createHash } from 'node:crypto'

import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { isLabelName, isLabelValue } from '#crds/metadata.ts'
import { namespaceOf, objectNamesOf } from '#store/kubernetes/user-names.ts'

function hashed(subject: string): string {
  return `user-${createHash('sha256').update(subject).digest('hex').slice(0, 32)}`
}

it.each(['ada', 'a', '0', 'user-1', 'a'.repeat(40), 'ada-lovelace'])(
  'the subject "%s" is a name, and gives way to its hash',
  (subject) => {
    expect(objectNamesOf(subject)).toEqual([subject, hashed(subject)])
    expect(objectNamesOf(subject).map(namespaceOf)).toEqual([`user-${subject}`, hashed(subject)])
  },
)

it.each([
  'Ada',
  'a.b',
  'a_b',
  '-a',
  'a-',
  '',
  ' ',
  'a'.repeat(41),
  'auth0|1',
  'ada@example.com',
  'Zoë',
  'f'.repeat(32),
])('the subject "%s" is no name, and only its hash is one', (subject) => {
  expect(objectNamesOf(subject)).toEqual([hashed(subject)])
  expect(objectNamesOf(subject).map(namespaceOf)).toEqual([hashed(subject)])
})

const subjects = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 120 }),
  fc.stringMatching(/^[a-z0-9-]{1,45}$/),
  fc.stringMatching(/^(user-)?[0-9a-f]{31,33}$/),
)

it('every name can be the name of an object, a namespace and a label', () => {
  fc.assert(
    fc.property(subjects, (subject) => {
      for (const name of objectNamesOf(subject)) {
        expect([isLabelName(name), isLabelName(namespaceOf(name)), isLabelValue(name)]).toEqual([
          true,
          true,
          true,
        ])
      }
    }),
  )
})

it('nobody can choose a subject that gets the name or the namespace of another', () => {
  fc.assert(
    fc.property(subjects, subjects, (victim, chosen) => {
      const taken = objectNamesOf(victim).flatMap((name) => [name, namespaceOf(name)])
      for (const subject of new Set([chosen, ...taken, ...taken.map((name) => name.replace(/^user-/, ''))])) {
        if (subject === victim) continue
        const mine = objectNamesOf(subject)
        expect(mine.filter((name) => objectNamesOf(victim).includes(name))).toEqual([])
        expect(
          mine.map(namespaceOf).filter((name) => objectNamesOf(victim).map(namespaceOf).includes(name)),
        ).toEqual([])
      }
    }),
  )
})
