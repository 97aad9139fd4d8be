import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { isLinearPattern } from '#core/linear-pattern.ts'

describe('a pattern', () => {
  it.each([
    '',
    '^$',
    'secret',
    '^sk-[A-Za-z0-9_-]+$',
    '^[\\w-]+\\.[\\w-]+\\.[\\w-]+$',
    '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{12}$',
    '^rt_.{1,500}$',
    '^a{2,}b$',
    '^https?://[^/]+/',
    '^\\d+$',
    '^[^@]+@[^@]+$',
    '^[一-龥]+[a-z]$',
    '^a?b*c$',
  ])('is sure to be fast: %s', (pattern) => {
    expect(isLinearPattern(pattern)).toBe(true)
  })

  it.each([
    ['repeats a repetition', '^(a+)+$'],
    ['has a group', '^(ab)$'],
    ['has alternatives', '^a|b$'],
    ['looks ahead', '^(?=a)b'],
    ['refers back', '^(a)\\1$'],
    ['refers back by name', '^(?<x>a)\\k<x>$'],
    ['repeats the same twice', '^a*a*$'],
    ['repeats overlapping classes', '^\\w+[a-z]+$'],
    ['repeats what the separator is too', '^\\w+x\\w+$'],
    ['has overlap behind something optional', '^a+b?a+$'],
    ['has overlap behind something that may be there no time', '^a+b{0,3}a+$'],
    ['has overlap of exotic classes', '^[一-龥]+[丁]+$'],
    ['repeats without a start', 'a+b'],
    ['counts without a start', 'a{5000}b'],
    ['is lazy', '^a+?b$'],
    ['names a property', '^\\p{L}+$'],
    ['has a boundary', '^a+\\b'],
    ['has an escape by number', '^\\u0041+$'],
    ['does not compile', '^[z-a]+$'],
    ['counts backwards', '^a{2,1}$'],
    ['is not closed', '^[a-z'],
    ['ends in a back slash', '^a\\'],
    ['has an end inside', '^a$b'],
    ['counts beyond measure', '^a{1,999999}$'],
    ['is long', `^${'a'.repeat(256)}`],
  ])('is not sure to be fast when it %s', (_what, pattern) => {
    expect(isLinearPattern(pattern)).toBe(false)
  })

  it('is a pattern to JavaScript too when it is sure to be fast', () => {
    const typed = fc.string({ unit: fc.constantFrom(...Array.from('^$ab.*+?{}()[]|\\dw-,12')) })
    fc.assert(
      fc.property(typed, (pattern) => {
        expect(!isLinearPattern(pattern) || compiles(pattern)).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })
})

function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern) instanceof RegExp
  } catch {
    return false
  }
}
