import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { openingOf } from '#layers/toml/opening.ts'

describe('what opens a line', () => {
  it.each([
    ['a = 1\nb = 2', 2, ''],
    ['[t] # [\nb = 2', 2, ''],
    ['x = 1\na = [\n1,\n2', 4, 'a = [\n1,\n'],
    ['a = {\nb = 1', 2, 'a = {\n'],
    ['a = """\nb = 1\nc', 3, 'a = """\nb = 1\n'],
    ["a = '''\nx'''\nb = 1", 3, ''],
    ['a = "["\nb', 2, ''],
    ['a = "x\nb', 2, ''],
    ['a = ]\nb', 2, ''],
    ['[broken\nb = 1', 2, '[broken\n'],
  ])('%j, line %i: %j', (text, line, opening) => {
    expect(openingOf(text, line)).toBe(opening)
  })

  it('ends before the line in every text', () => {
    const piece = fc.constantFrom(
      'a = ',
      '"',
      "'",
      '"""',
      "'''",
      '[',
      ']',
      '{',
      '}',
      '#',
      '\\',
      '\n',
      '\n',
      'x',
      '\r',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const lines = pieces.join('').split('\n')
        for (const line of lines.keys()) {
          const above = lines.slice(0, line).map((each) => `${each}\n`)
          expect(above.join('').endsWith(openingOf(lines.join('\n'), line + 1))).toBe(true)
        }
      }),
    )
  })
})
