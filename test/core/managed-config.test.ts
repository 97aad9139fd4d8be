import { describe, expect, it } from 'vitest'

import { managedConfigsOf, type Selectable, selectsUser } from '#core/managed-config.ts'
import type { ObjectOf } from '#crds/kinds.ts'

type ManagedConfig = ObjectOf<'ManagedRuntimeConfig'>

interface Parts {
  readonly name?: string
  readonly runtime?: string
  readonly selector?: ManagedConfig['spec']['selector']
  readonly deletionTimestamp?: string
}

function aManagedConfig({ name = 'company', runtime = 'codex', selector, deletionTimestamp }: Parts = {}) {
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'ManagedRuntimeConfig',
    metadata: { name, ...(deletionTimestamp !== undefined && { deletionTimestamp }) },
    spec: { runtime, config: '', ...(selector !== undefined && { selector }) },
  } satisfies ManagedConfig
}

const ADA: Selectable = { name: 'ada', labels: { team: 'red', site: 'a' } }

describe('a selector', () => {
  it.each([
    ['there is none', undefined],
    ['it is empty', {}],
    ['it names the user', { users: ['linus', 'ada'] }],
    ['the user has its labels', { matchLabels: { team: 'red' } }],
    [
      'the label is one of its values',
      { matchExpressions: [{ key: 'site', operator: 'In', values: ['a'] }] },
    ],
    ['the label is another', { matchExpressions: [{ key: 'site', operator: 'NotIn', values: ['b'] }] }],
    ['there is no such label', { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['b'] }] }],
    ['the label exists', { matchExpressions: [{ key: 'site', operator: 'Exists' }] }],
    ['the label does not exist', { matchExpressions: [{ key: '__proto__', operator: 'DoesNotExist' }] }],
    ['name and label both fit', { users: ['ada'], matchLabels: { team: 'red' } }],
  ] as const)('selects a user when %s', (_why, selector) => {
    expect(selectsUser(aManagedConfig({ ...(selector && { selector }) }), ADA)).toBe(true)
  })

  it.each([
    ['it names others', { users: ['linus'] }],
    ['it names the user in other letters', { users: ['Ada'] }],
    ['a label is another', { matchLabels: { team: 'blue' } }],
    ['a label is missing', { matchLabels: { tier: 'x' } }],
    [
      'the value is none of its values',
      { matchExpressions: [{ key: 'site', operator: 'In', values: ['b'] }] },
    ],
    ['the value is a refused one', { matchExpressions: [{ key: 'site', operator: 'NotIn', values: ['a'] }] }],
    ['the label has to exist', { matchExpressions: [{ key: 'toString', operator: 'Exists' }] }],
    ['the label must not exist', { matchExpressions: [{ key: 'site', operator: 'DoesNotExist' }] }],
    ['the name fits and a label does not', { users: ['ada'], matchLabels: { team: 'blue' } }],
  ] as const)('does not select a user when %s', (_why, selector) => {
    expect(selectsUser(aManagedConfig({ selector }), ADA)).toBe(false)
  })

  it('takes a user without labels for one that has none', () => {
    const selector = { matchLabels: { team: 'red' } }
    expect(selectsUser(aManagedConfig({ selector }), { name: 'ada' })).toBe(false)
  })
})

it('gives the managed configurations of a user and runtime in the order of their names', () => {
  const configs = [
    aManagedConfig({ name: 'b' }),
    aManagedConfig({ name: 'a' }),
    aManagedConfig({ name: 'other-runtime', runtime: 'claude' }),
    aManagedConfig({ name: 'other-user', selector: { users: ['linus'] } }),
    aManagedConfig({ name: 'leaving', deletionTimestamp: '2026-11-21T10:00:00Z' }),
  ]
  const names = managedConfigsOf(configs, { user: ADA, runtime: 'codex' }).map(
    ({ metadata }) => metadata.name,
  )
  expect(names).toEqual(['a', 'b'])
})
