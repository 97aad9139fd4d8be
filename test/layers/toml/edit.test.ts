import { describe, expect, it } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import type { TomlEdit } from '#layers/toml/edit-value.ts'
import { editToml } from '#layers/toml/edit.ts'
import { readToml } from '#layers/toml/read.ts'
import type { TomlValue } from '#layers/value.ts'

const AS_GIVEN = { newTableOrder: 'as-given' } as const

function set(path: string, value: TomlValue): TomlEdit {
  return { path: path.split('.'), value, mergeStrategy: 'replace' }
}

function upsert(path: string, toml: string): TomlEdit {
  return { path: path.split('.'), value: readToml(toml), mergeStrategy: 'upsert' }
}

function remove(path: string): TomlEdit {
  return { path: path.split('.'), value: null, mergeStrategy: 'replace' }
}

type EditCase = readonly [what: string, text: string, edits: readonly TomlEdit[], after: string]

// What the CLI writes, tried with release 0.169.0.
const AS_THE_CLI: readonly EditCase[] = [
  [
    'moves the pairs of dotted keys together',
    'a.b=1\nc=2\na.d=3 # k\n',
    [set('q', 2n)],
    'a.b=1\na.d=3 # k\nc=2\nq = 2\n',
  ],
  [
    'spells and spaces a key as where it stands first',
    '[x]\n[x . y ]\n["x".z]\na=1\n',
    [set('q', 2n)],
    'q = 2\n[x]\n[x. y ]\n[x.z]\na=1\n',
  ],
  [
    'moves dotted keys together inside of braces',
    'z = { a . b = 1, c = 2, a.d = 3 }\n',
    [set('q', 2n)],
    'z = { a . b = 1, a .d = 3 , c = 2}\nq = 2\n',
  ],
  [
    'keeps an inline table of several lines',
    'z = { a = 1,\n b=2, # c\n }\n',
    [set('q', 2n)],
    'z = { a = 1,\n b=2, # c\n }\nq = 2\n',
  ],
  [
    'puts a table that was replaced behind the sections of its elder siblings',
    '[a]\n[b]\n[a.c]\n',
    [set('b', readToml('q=1'))],
    '[a]\n[a.c]\n[b]\nq = 1\n',
  ],
  [
    'turns dotted keys into a section when their table is written',
    '# c\na.b = 1\n',
    [upsert('a', 'q = 1')],
    '[a]\n# c\nb = 1\nq = 1\n',
  ],
  [
    'keeps a sub-section that stands before the header of its table',
    '[x.b]\n[x]\na=1\n',
    [upsert('x', 'd = 1')],
    '[x]\na=1\nd = 1\n[x.b]\n',
  ],
  [
    'applies a batch in its order',
    'x=1\n',
    [set('t', readToml('a=1\nb=2\nc=3')), remove('t.a'), upsert('t', 'd=1')],
    'x=1\n\n[t]\nb = 2\nc = 3\nd = 1\n',
  ],
  [
    'replaces a scalar by a table when more keys follow',
    'a = 1 # c\n',
    [set('a.b.c', true)],
    '[a.b]\nc = true\n',
  ],
  [
    'keeps the carriage returns inside of strings alone',
    'a = """x\r\ny""" # c\r\nb = [\r\n 1 ]\r\n',
    [set('c', 1n)],
    'a = """x\r\ny""" # c\nb = [\n 1 ]\nc = 1\n',
  ],
  [
    'leaves a last comment without a line end',
    '[t]\na = 1\n# end',
    [set('u.b', 1n)],
    '[t]\na = 1\n\n[u]\nb = 1\n# end',
  ],
  ['writes into an empty text', '', [set('a.b', 'x')], '[a]\nb = "x"\n'],
  ['leaves an explicit table that lost its last key', '[a.b]\nc = 1\n', [remove('a.b.c')], '[a.b]\n'],
]

describe('editToml does as the CLI', () => {
  it.each(AS_THE_CLI)('%s', (...[, text, edits, after]) => {
    expect(editToml(text, edits, AS_GIVEN)).toBe(after)
  })

  it('lists the keys of a new table by their bytes where a release does', () => {
    const edits = [set('t', readToml('"\u{FF5E}"=1\nb={ z = 1 }\n"😀"=2\na=[{ y=1, x=2 }]\n'))]
    expect(editToml('', edits, { newTableOrder: 'sorted' })).toBe(
      '[t]\na = [{ x = 2, y = 1 }]\n"\u{FF5E}" = 1\n"😀" = 2\n\n[t.b]\nz = 1\n',
    )
  })
})

// What the CLI writes here cannot be read again, or means something else than was asked for.
const SANE: readonly EditCase[] = [
  [
    'takes the line ends out of a pair that leaves its braces',
    'x = { a.b # one\n= # two\n1, c\n= 2 }\n',
    [set('x.q', 3n)],
    '[x ]\n # one\n# two\na.b = 1\nc = 2\nq = 3\n',
  ],
  [
    'keeps the comment above a value above the header of the table in its place',
    'x = 1\n# about a\na = 1 # gone\nb = 2\n',
    [upsert('a', 'k = 1')],
    'x = 1\nb = 2\n\n# about a\n[a ]\nk = 1\n',
  ],
  [
    'keeps the empty lines above such a value',
    'x = 1\n\na = 1\n',
    [upsert('a', 'k = 1')],
    'x = 1\n\n[a ]\nk = 1\n',
  ],
  [
    'keeps the comment above a value of a table that is written whole',
    '[t]\n# about a\na = 1\n',
    [upsert('t', 'a.k = 1')],
    '[t]\n\n# about a\n[t.a ]\nk = 1\n',
  ],
  ['shows a table that lost its last dotted key', 'a.b = 1\nc = 1\n', [remove('a.b')], 'c = 1\n\n[a]\n'],
  ['shows an inline table that lost its last key', 'x = { p = 1 }\n', [remove('x.p')], '[x ]\n'],
  ['shows a table that only headers below it implied', '[a.b]\nc = 1\n', [remove('a.b')], '[a]\n'],
  ['replaces an array of tables that is in the way', '[[x]]\na=1\n', [set('x.y.z', 1n)], '[x.y]\nz = 1\n'],
  [
    'puts a header below dotted keys after them',
    '[[t.y]]\nn = 1\n[t]\nx.c = 1\n',
    [set('t.x.b.d', 2n)],
    '[[t.y]]\nn = 1\n[t]\nx.c = 1\n\n[t.x.b]\nd = 2\n',
  ],
  ['tells a negative zero from zero', 'x = 0.0\n', [set('x', -0)], 'x = -0.0\n'],
]

describe('editToml is sane where the CLI is not', () => {
  it.each(SANE)('%s', (...[, text, edits, after]) => {
    expect(editToml(text, edits, AS_GIVEN)).toBe(after)
  })

  it.each<[string, readonly string[], TomlValue]>([
    ['keys', Array.from({ length: 82 }, () => 'a'), 1n],
    ['arrays', ['a'], Array.from({ length: 80 }).reduce<TomlValue>((inner) => [inner], [])],
  ])('refuses what could not be read again: too many %s', (_what, path, value) => {
    const edits = [{ path, value, mergeStrategy: 'replace' }] as const
    expect(() => editToml('b = 1\n', edits, AS_GIVEN)).toThrow(
      new LayersError('configValidationError', 'expected tables and arrays at most 80 levels deep, got more'),
    )
  })
})

describe('editToml', () => {
  it.each([
    ['a date', '1979-05-27'],
    ['a date that is none', 'x'],
  ])('refuses to make a table by key into %s', (_what, value) => {
    const edit = set('t.$__toml_private_datetime', value)
    const message = /^expected settings that read back as they were set/u
    expect(() => editToml('', [edit], AS_GIVEN)).toThrow(message)
  })

  it.each<[string, readonly TomlEdit[]]>([
    ['sets what is there', [set('a', 1n)]],
    ['merges what is there', [upsert('t', 'b = 2')]],
    ['deletes what is not there', [remove('x.y'), remove('t.c'), remove('a.b')]],
    ['is none', []],
  ])('gives the very same text when an edit %s', (_what, edits) => {
    const text = '\u{FEFF}a = 1\r\n[ t ]\r\nb = 0x2'
    expect(editToml(text, edits, AS_GIVEN)).toBe(text)
  })

  it('refuses a text that is no TOML', () => {
    expect(() => editToml('a = 1\na = 2\n', [set('b', 1n)], AS_GIVEN)).toThrow(LayersError)
  })
})
