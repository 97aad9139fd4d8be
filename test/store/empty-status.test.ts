import { describe, expect, it } from 'vitest'

import { withoutEmpty } from '#store/empty-status.ts'

describe('withoutEmpty', () => {
  it.each([
    ['nothing', undefined, undefined],
    ['an empty status', {}, undefined],
    ['nothing but what is empty', { runtimes: [], conditions: [] }, undefined],
    ['an empty list', { gateway: 'a', runtimes: [] }, { gateway: 'a' }],
    [
      'an empty list that has to be there',
      { runtimes: [{ name: 'codex', state: 'Missing' as const, config: { layers: [] } }] },
      { runtimes: [{ name: 'codex', state: 'Missing', config: { layers: [] } }] },
    ],
  ])('makes of %s what an API server keeps', (_what, status, expected) => {
    expect(withoutEmpty('Device', status)).toEqual(expected)
  })
})
