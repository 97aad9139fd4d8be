import { describe, expect, it } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import { parseTomlSyntax } from '#layers/toml/parse.ts'
import { readToml } from '#layers/toml/read.ts'
import { expectations, readVectors, type Vector } from '#test/layers/vectors.ts'

/** `line:column-endLine:endColumn` of the fault of a text, `ok` if there is none. */
function placeOf(read: () => unknown): string {
  const { range } = faultOf(read)?.place ?? {}
  if (range === undefined) return 'ok'
  return `${String(range.line)}:${String(range.column)}-${String(range.endLine)}:${String(range.endColumn)}`
}

function faultOf(read: () => unknown): LayersError | null {
  try {
    read()
    return null
  } catch (error) {
    if (error instanceof LayersError) return error
    throw error
  }
}

type Files = Partial<Record<'user' | 'managed' | 'system' | 'requirements', string>>

interface Position {
  readonly line: number
  readonly column: number
}

interface Recorded {
  readonly location?: Position & { readonly file: string }
  readonly warning?: { readonly range: { readonly start: Position; readonly end: Position } | null }
}

const INPUTS: Readonly<Record<string, keyof Files>> = {
  '/sandbox/home/config.toml': 'user',
  '/etc/codex/config.toml': 'system',
  '/etc/codex/managed_config.toml': 'managed',
  '/etc/codex/requirements.toml': 'requirements',
}

const LOCATED = readVectors<Vector<Files, Recorded>>('errors').flatMap((vector) =>
  expectations(vector).flatMap(({ cliVersion, expected }) => {
    const text = vector.input[INPUTS[expected.location?.file ?? ''] ?? 'user']
    // A value of the wrong kind is no fault of the text.
    if (expected.location === undefined || vector.name.endsWith('-wrong-type')) return []
    return [{ name: vector.name, cliVersion, text: text ?? '', expected }]
  }),
)

describe('the recorded faults of a text are found where the CLI finds them', () => {
  it.each(LOCATED)('$name, release $cliVersion', ({ cliVersion, text, expected }) => {
    const doubleUnderscore = cliVersion === '0.128.0' ? 'second' : 'first'
    const place = placeOf(() => readToml(text, { doubleUnderscore }))

    const { line, column } = expected.location ?? { line: 0, column: 0 }
    // Faults that stop the CLI are told without their end.
    const end = expected.warning?.range?.end
    const recordedEnd = end === undefined ? place.split('-')[1] : `${String(end.line)}:${String(end.column)}`
    expect(place).toBe(`${String(line)}:${String(column)}-${String(recordedEnd)}`)
  })

  it('covers all of them', () => {
    expect(new Set(LOCATED.map(({ name }) => name)).size).toBe(34)
  })
})

// Text and the place of its fault, as release 0.169.0 gives it.
const PLACES: readonly (readonly [text: string, place: string])[] = [
  ['\uFEFFb = = 2\n', '1:6-1:6'],
  ['x=[1 # c\n\n', '1:5-1:5'],
  ['x=[1, # c\n', '1:6-1:6'],
  ['x={a="b",\n', '1:10-1:10'],
  ['x={a\n', '1:5-1:5'],
  ['x={a.\n', '1:6-1:6'],
  ['x="""abc\n', '1:10-1:10'],
  ['x="""abc\n\n', '2:2-2:2'],
  ["x='''abc\n", '1:10-1:10'],
  ['x="abc\n', '1:7-1:7'],
  ['"""a"""=1', '1:1-1:7'],
  ['a=foo"', '1:3-1:6'],
  ['a=z"', '1:3-1:3'],
  ['a=z z', '1:3-1:5'],
  ['a={a}', '1:5-1:5'],
  ['a={a=}', '1:6-1:6'],
  ['é=1', '1:1-1:1'],
  ['aééb=1', '1:2-1:3'],
  ['a="\u0001\u0002"', '1:4-1:5'],
  ['a="\\u12"', '1:8-1:8'],
  ['a="\\', '1:5-1:5'],
  ['a="""a\\ x"""', '1:9-1:9'],
  ['# \u0001x', '1:3-1:3'],
  ['#\ra', '1:3-1:3'],
  ['a=\r1', '1:4-1:4'],
  ['a={b=1}\n[a.c]\n', '2:2-2:2'],
  ['[a]\n[[a]]\n', '2:3-2:3'],
  ['[a.b]\n[a]\nb.c=1\n', '3:1-3:1'],
  ['[[a.b]]\n[a]\nb.c=1\n', '3:3-3:3'],
  ['[a]\nb.c=1\n[a.b]\n', '3:4-3:4'],
  ['a={b.c=1,b=2}\n', '1:10-1:10'],
  ['a={b={c=1},b.d=2}\n', '1:12-1:12'],
  ['a=[{}]\n[a.b]\n', '2:2-2:2'],
  ['x={"$__toml_private_datetime"=[]}', '1:31-1:32'],
  ['a=0x', '1:3-1:4'],
  ['a=0xG', '1:5-1:5'],
  ['a=0X1', '1:3-1:4'],
  ['a=+0x1', '1:3-1:3'],
  ['a=++1', '1:4-1:4'],
  ['a=1.5.5', '1:6-1:7'],
  ['a=1e400', '1:3-1:7'],
  ['a=++1 2', '1:3-1:7'],
  ['a=1.5 x"', '1:3-1:3'],
  ['a=1\na =\n', '2:4-2:4'],
  ['[[a] ]', '1:5-1:5'],
  ['[a]]', '1:4-1:4'],
  ['[]', '1:2-1:2'],
  ['a={b=1 [c]=2}', '1:8-1:8'],
  ['a={b=1 c=2}', '1:9-1:9'],
  ['a=[1 "x"]', '1:6-1:6'],
  ['a=[,]', '1:4-1:4'],
]

describe('a fault has the place that the CLI gives it', () => {
  it.each(PLACES)('%j at %s', (text, place) => {
    expect(placeOf(() => readToml(text))).toBe(place)
  })
})

describe('of several faults', () => {
  it.each([
    ['one of structure counts before a bad number above it', 'a=01\nb = = 2\n', '2:5-2:5'],
    ['one of structure counts before a key given twice above it', 'a=1\na=2\nb = = 1\n', '3:5-3:5'],
    ['a bad number counts before a key given twice below it', 'a=01\nb=1\nb=2\n', '1:3-1:3'],
    ['a key given twice counts before a bad number below it', 'a=1\na=2\nb=03', '2:1-2:1'],
    ['a missing value counts before the key that is given twice for it', 'a=1\na = \n', '2:5-2:5'],
    ['a key given twice counts before the header of its item', 'a=[1]\n[[a]]\nb=1\nb=2\n', '4:1-4:1'],
    ['a bad number counts before the header of its item', 'a=[1]\n[[a]]\nb=01\n', '3:3-3:3'],
    [
      'a key given twice in an item counts before a bad number below it',
      '[[a]]\nb=1\nb=2\nc=01\n',
      '3:1-3:1',
    ],
    [
      'a bad number counts after the header of an item that is finished',
      'a=[1]\n[[a]]\n[b]\nc=01\n',
      '2:3-2:3',
    ],
    ['a bad number counts before the key that is given twice for it', 'a=1\na=01\n', '2:3-2:3'],
    [
      'a key given twice counts before an integer out of range above it',
      'b=99999999999999999999\na=1\na=2\n',
      '3:1-3:1',
    ],
    ['one of structure counts below a header without a name', '[=]\nb = = 1\n', '2:5-2:5'],
  ])('%s', (_rule, text, place) => {
    expect(placeOf(() => readToml(text))).toBe(place)
  })
})

describe('a fault', () => {
  it('says what was expected and what came, with its line, and never the value', () => {
    const fault = faultOf(() => readToml('a = 1\r\ntoken = hunter2\r\n'))

    expect({ code: fault?.code, message: fault?.message, place: fault?.place }).toEqual({
      code: 'configSyntaxError',
      message: '2:9: expected a value, got text without quotes',
      place: {
        range: { line: 2, column: 9, endLine: 2, endColumn: 15 },
        excerpt: 'token = hunter2',
      },
    })
  })

  it('counts a character beyond the basic plane as one column, at both ends of a range', () => {
    expect(placeOf(() => readToml('"😀" = 😀😀'))).toBe('1:7-1:8')
  })
})

describe('nesting', () => {
  const nested = (open: string, close: string, levels: number) =>
    `x = ${open.repeat(levels)}${close.repeat(levels)}`
  const segments = (count: number) => Array.from({ length: count }, () => 'a').join('.')

  it.each([
    ['arrays', (levels: number) => nested('[', ']', levels)],
    ['inline tables', (levels: number) => `x = ${'{a='.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`],
    [
      'arrays and inline tables',
      (levels: number) =>
        `x = ${'[{a='.repeat(levels / 2)}${levels % 2 === 1 ? '[]' : '1'}${'}]'.repeat(levels / 2)}`,
    ],
    ['segments of a key', (levels: number) => `${segments(levels)} = 1`],
    ['segments of a header', (levels: number) => `[${segments(levels)}]`],
    ['segments of a key in braces', (levels: number) => `x = {${segments(levels)} = 1}`],
  ])('may have 80 %s and not 81', (_what, text) => {
    expect(faultOf(() => readToml(text(80)))).toBe(null)
    expect(faultOf(() => readToml(text(81)))?.code).toBe('configTooDeep')
  })

  it('is bounded where headers, keys and braces multiply', () => {
    const levels = 20
    const text = `[${segments(80)}]\nx = ${`{${segments(79)}=`.repeat(levels)}1${'}'.repeat(levels)}`

    expect(faultOf(() => readToml(text))?.code).toBe('configTooDeep')
  })
})

describe('the nodes of a text', () => {
  it('have the places of everything that means something', () => {
    const text = '\uFEFFa . "b" = [ 1 ] # c\n[[ x ]] # d\ny = {z=1}\n'
    const syntax = parseTomlSyntax(text)
    const slice = ({ start, end }: { readonly start: number; readonly end: number }) => text.slice(start, end)

    expect(syntax.pairs.map(slice)).toEqual(['a . "b" = [ 1 ]'])
    expect(syntax.pairs.flatMap(({ path }) => path.map(slice))).toEqual(['a', '"b"'])
    expect(syntax.pairs.map(({ value }) => slice(value))).toEqual(['[ 1 ]'])
    expect(syntax.sections.map(slice)).toEqual(['[[ x ]]'])
    expect(syntax.sections.map(({ kind }) => kind)).toEqual(['array-of-tables'])
    expect(syntax.sections.flatMap(({ pairs }) => pairs.map(({ value }) => slice(value)))).toEqual(['{z=1}'])
  })
})
