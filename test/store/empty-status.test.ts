import { describe, expect, it } from 'vitest'

import type { ObjectOf } from '#crds/kinds.ts'
import { withoutEmpty } from '#store/empty-status.ts'

describe('withoutEmpty', () => {
  it.each<[string, unknown, unknown]>([
    ['nothing', undefined, undefined],
    ['an empty status', {}, undefined],
    ['nothing but what is empty', { runtimes: [], conditions: [] }, undefined],
    ['an empty list', { gateway: 'a', runtimes: [] }, { gateway: 'a' }],
    [
      'an empty list that has to be there',
      { runtimes: [{ name: 'codex', state: 'Missing', config: { layers: [] } }] },
      { runtimes: [{ name: 'codex', state: 'Missing', config: { layers: [] } }] },
    ],
    ['an empty list in place of a text', { gateway: [] }, { gateway: [] }],
    ['a list in place of a status', [], []],
  ])('makes of %s what an API server keeps', (_what, status, expected) => {
    expect(withoutEmpty('Device', status as ObjectOf<'Device'>['status'])).toEqual(expected)
  })
})
