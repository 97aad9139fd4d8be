import { describe, expect, it } from 'vitest'

import { locateValue } from '#layers/toml/locate.ts'
import { parseTomlSyntax } from '#layers/toml/parse.ts'
import { readVectors, type Vector } from '#test/layers/vectors.ts'

function locate(text: string, path: readonly string[]): string | null {
  const range = locateValue(parseTomlSyntax(text), path)
  if (range === null) return null
  return `${String(range.line)}:${String(range.column)}-${String(range.endLine)}:${String(range.endColumn)}`
}

const TEXT = `model = "é"
a.b.c = 1
inl = { x.y = [10, { z = 20 }] }
[t]
k = """
x"""
[[list]]
[[list]]
v = 1
[list.sub]
w = 2
[[list.deep]]
u = 3
[p.q]
`

describe('a value is found where it stands', () => {
  it.each([
    ['a string, with its quotes', ['model'], '1:9-1:11'],
    ['a value of a dotted key', ['a', 'b', 'c'], '2:9-2:9'],
    ['a table that only a dotted key mentions, at that key', ['a', 'b'], '2:1-2:5'],
    ['an inline table', ['inl'], '3:7-3:32'],
    ['an item of an array', ['inl', 'x', 'y', '0'], '3:16-3:17'],
    ['a value in an item', ['inl', 'x', 'y', '1', 'z'], '3:26-3:27'],
    ['a table of its own, at its header', ['t'], '4:1-4:3'],
    ['a string of several lines', ['t', 'k'], '5:5-6:4'],
    ['the first item of an array of tables', ['list', '0'], '7:1-7:8'],
    ['a value in the second one', ['list', '1', 'v'], '9:5-9:5'],
    ['a value in a table of the second one', ['list', '1', 'sub', 'w'], '11:5-11:5'],
    ['a value of an array of tables in the second one', ['list', '1', 'deep', '0', 'u'], '13:5-13:5'],
    ['an array of tables, at its first header', ['list'], '7:1-7:8'],
    ['a table that only a header mentions', ['p'], '14:1-14:5'],
  ])('%s', (_what, path, place) => {
    expect(locate(TEXT, path)).toBe(place)
  })

  it.each([
    [['nothing']],
    [['model', 'x']],
    [['inl', 'x', 'y', '2']],
    [['inl', 'x', 'y', 'length']],
    [['list', '0', 'v']],
    [['t', 'k', '0']],
  ])('nothing at %j', (path) => {
    expect(locate(TEXT, path)).toBe(null)
  })
})

interface Position {
  readonly line: number
  readonly column: number
}

interface WrongType {
  readonly location?: Position
  readonly warning?: { readonly range: { readonly start: Position; readonly end: Position } | null }
}

type Files = Readonly<Record<string, string>>

describe('a recorded value of the wrong kind is found where the CLI finds it', () => {
  const cases = readVectors<Vector<Files, WrongType>>('errors').filter(({ input }) =>
    Object.values(input).every((text) => text === 'model=5\n'),
  )

  it.each(cases)('$name', ({ input, expected }) => {
    const [text = ''] = Object.values(input)
    const { range } = expected.warning ?? {}
    const { line, column } = expected.location ?? range?.start ?? { line: 0, column: 0 }
    const end = range?.end ?? { line, column }

    expect(locate(text, ['model'])).toBe(
      `${String(line)}:${String(column)}-${String(end.line)}:${String(end.column)}`,
    )
  })

  it('covers all of them', () => {
    expect(cases.map(({ name }) => name)).toEqual([
      'user-wrong-type',
      'system-wrong-type',
      'managed-wrong-type',
    ])
  })
})
