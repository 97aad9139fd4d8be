import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { anyStack } from '#test/layers/any-config.ts'
import { aStack, type SourceTexts } from '#test/layers/stacks.ts'

/** Rows as a person reads them: key, what applied and by whom, what applies and by whom. */
function rowsBetween(before: SourceTexts, after: SourceTexts) {
  return aStack(before)
    .diff(aStack(after))
    .rows.map((row) => [
      row.key,
      row.before && [row.before.value, row.before.origin.name.type],
      row.after && [row.after.value, row.after.origin.name.type],
    ])
}

describe('what applies differently', () => {
  it.each<[string, readonly [SourceTexts, SourceTexts], readonly unknown[]]>([
    ['a value', [{ user: 'a = 1\nb = 1' }, { user: 'a = 2\nb = 1' }], [['a', [1n, 'user'], [2n, 'user']]]],
    ['a kind', [{ user: 'a = 1' }, { user: 'a = 1.0' }], [['a', [1n, 'user'], [1, 'user']]]],
    ['a layer', [{ user: 'a = 1' }, { system: 'a = 1' }], [['a', [1n, 'user'], [1n, 'system']]]],
    ['a new key', [{}, { user: 't.a = 1' }], [['t.a', null, [1n, 'user']]]],
    ['a key that is gone', [{ user: 'a = []' }, {}], [['a', [[], 'user'], null]]],
    [
      'a table in place of a value',
      [{ user: 'a = 1' }, { user: 'a.b = 1' }],
      [
        ['a', [1n, 'user'], null],
        ['a.b', null, [1n, 'user']],
      ],
    ],
    [
      'what is hidden',
      [
        { user: 'a = 1', managed: 'a = 3' },
        { user: 'a = 2', managed: 'a = 3' },
      ],
      [],
    ],
    ['the order of keys', [{ user: 'a = 1\nb = 2' }, { user: 'b = 2\na = 1' }], []],
  ])('%s', (_what, [before, after], rows) => {
    expect(rowsBetween(before, after)).toEqual(rows)
  })

  it('is nothing between a stack and itself', () => {
    fc.assert(
      fc.property(anyStack(), (stack) => {
        expect(stack.diff(stack).rows).toEqual([])
      }),
    )
  })

  it('is the same in both directions, turned around', () => {
    fc.assert(
      fc.property(anyStack(), anyStack(), (one, other) => {
        const there = one.diff(other).rows.map(({ key, before, after }) => [key, before, after])
        const back = other.diff(one).rows.map(({ key, before, after }) => [key, after, before])

        expect(new Map(there.map((row) => [row[0], row]))).toEqual(new Map(back.map((row) => [row[0], row])))
      }),
    )
  })
})
