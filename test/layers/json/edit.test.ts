import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { editJson, type JsonEdit } from '#layers/json/edit.ts'
import { readJson } from '#layers/json/read.ts'
import { toTomlValue } from '#layers/json/values.ts'
import { sameValue, TomlDatetime, type TomlTable, type TomlValue } from '#layers/value.ts'

function setting(path: string, value: TomlValue | null): JsonEdit {
  return { path: path.split('.'), value, mergeStrategy: 'replace' }
}

function tableOf(object: Readonly<Record<string, TomlValue>>): TomlTable {
  return new Map(Object.entries(object))
}

const SETTINGS = `{
    "model": "opus",
    "env": { "A": "1" },

    "permissions": {
        "allow": ["Bash(ls)",
                  "Read"],
        "deny": []
    }
}
`

describe('editJson', () => {
  it('replaces a value and leaves every other byte', () => {
    expect(editJson(SETTINGS, [setting('model', 'sonnet')])).toBe(SETTINGS.replace('"opus"', '"sonnet"'))
  })

  it('puts a new key to the end of its object, indented like its neighbours', () => {
    expect(editJson(SETTINGS, [setting('permissions.ask', ['Write'])])).toBe(
      SETTINGS.replace('"deny": []\n', '"deny": [],\n        "ask": [\n            "Write"\n        ]\n'),
    )
  })

  it('keeps what is on one line on one line', () => {
    expect(editJson(SETTINGS, [setting('env.B', '2')])).toBe(SETTINGS.replace('"1" }', '"1", "B": "2" }'))
    expect(editJson('{"a":1}', [setting('b', tableOf({ c: [true, 2n] }))])).toBe('{"a":1,"b":{"c":[true,2]}}')
    expect(editJson(SETTINGS, [setting('env', tableOf({ B: '2' }))])).toBe(
      SETTINGS.replace('{ "A": "1" }', '{"B": "2"}'),
    )
  })

  it('makes the objects on the way to a new key', () => {
    expect(editJson('{\n  "a": 1\n}', [setting('x.y.z', 5n)])).toBe(
      '{\n  "a": 1,\n  "x": {\n    "y": {\n      "z": 5\n    }\n  }\n}',
    )
  })

  it('fills an empty object', () => {
    expect(editJson('{\n\t"a": {}\n}\n', [setting('a.b', true)])).toBe('{\n\t"a": {\n\t\t"b": true\n\t}\n}\n')
  })

  it.each([
    ['the first key', 'model', SETTINGS.replace('"model": "opus",\n    ', '')],
    ['a key in the middle', 'env', SETTINGS.replace('"env": { "A": "1" },\n\n    ', '')],
    ['the last key', 'permissions.deny', SETTINGS.replace(',\n        "deny": []', '')],
    ['the only key', 'env.A', SETTINGS.replace('{ "A": "1" }', '{}')],
    ['a key that is not there', 'env.B', SETTINGS],
    ['a key below one that is not there', 'x.y', SETTINGS],
  ])('deletes %s', (_what, path, expected) => {
    expect(editJson(SETTINGS, [setting(path, null)])).toBe(expected)
  })

  it('gives the very same text when nothing changes', () => {
    const edits = [setting('permissions.allow', ['Bash(ls)', 'Read']), setting('env', tableOf({ A: '1' }))]
    expect(editJson(SETTINGS, edits)).toBe(SETTINGS)
  })

  it('merges a table into a table when asked to', () => {
    const edit: JsonEdit = {
      path: ['env'],
      value: tableOf({ A: '2', B: tableOf({ c: 1n }) }),
      mergeStrategy: 'upsert',
    }
    expect(editJson(SETTINGS, [edit])).toBe(SETTINGS.replace('"1" }', '"2", "B": {"c": 1} }'))
  })

  it('replaces what is in the way of a path', () => {
    expect(editJson('{ "a": 1 }', [setting('a.b', 2n)])).toBe('{ "a": {"b": 2} }')
  })

  it.each(['', ' \n'])('makes a document of an empty text', (text) => {
    expect(editJson(text, [setting('a.b', 1.5)])).toBe('{\n  "a": {\n    "b": 1.5\n  }\n}\n')
    expect(editJson(text, [setting('a.b', null)])).toBe(text)
  })

  it('keeps line ends of two characters', () => {
    expect(editJson('{\r\n  "a": 1\r\n}\r\n', [setting('b', 2n)])).toBe('{\r\n  "a": 1,\r\n  "b": 2\r\n}\r\n')
  })

  it('changes the last of two equal keys, which counts, and deletes both', () => {
    expect(editJson('{"a":1,"a":2}', [setting('a', 3n)])).toBe('{"a":1,"a":3}')
    expect(editJson('{"a":1,"b":0,"a":2}', [setting('a', null)])).toBe('{"b":0}')
  })

  it('finds keys by what they mean, not by how they are written', () => {
    expect(
      editJson('{"\\u0061": "}]\\"", "__proto__": 1}', [setting('a', 'x'), setting('__proto__', 2n)]),
    ).toBe('{"\\u0061": "x", "__proto__": 2}')
  })

  it('tells floats from integers and writes dates as text', () => {
    expect(editJson('{}', [setting('a', [1n, 1, -0, 1e16, new TomlDatetime('1979-05-27')])])).toBe(
      '{\n  "a": [\n    1,\n    1.0,\n    -0.0,\n    1e+16,\n    "1979-05-27"\n  ]\n}',
    )
  })

  it('replaces a value that holds a null', () => {
    expect(editJson('{"a":[null]}', [setting('a', [])])).toBe('{"a":[]}')
  })

  it.each([NaN, Infinity])('refuses %d, which JSON does not have', (value) => {
    expect(() => editJson('{}', [setting('a', value)])).toThrow(
      expect.objectContaining({ code: 'configValidationError' }),
    )
  })

  it.each([
    ['{', 'configSyntaxError'],
    ['[]', 'configTypeError'],
    ['{"a": 1} // why', 'configSyntaxError'],
  ])('refuses to edit %s', (text, code) => {
    expect(() => editJson(text, [setting('a', 1n)])).toThrow(expect.objectContaining({ code }))
  })
})

const key = fc.oneof(
  fc.constantFrom('a', 'b', 'c', '__proto__'),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
)
const value: fc.Arbitrary<TomlValue> = fc.letrec<{ value: TomlValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'grapheme', maxLength: 5 }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
  ),
})).value
const path = fc.array(key, { minLength: 1, maxLength: 3 })
const document = fc
  .tuple(
    fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }),
    fc.constantFrom('', ' ', '  ', '\t'),
  )
  .map(([object, space]) => JSON.stringify(object, null, space))

describe('any edit', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(document, path, value, (text, where, what) => {
        const after = editJson(text, [{ path: where, value: what, mergeStrategy: 'replace' }])
        const read = readJson(after)
        expect(sameJson(read, where, what)).toBe(true)
      }),
    )
  })

  it('can be taken back to the byte', () => {
    fc.assert(
      fc.property(document, path, value, (text, where, what) => {
        const [top = ''] = where
        fc.pre(
          !(readJson(text) as ReadonlyMap<string, unknown>).has(top) && text.startsWith('{') && text !== '{}',
        )
        const after = editJson(text, [{ path: where, value: what, mergeStrategy: 'replace' }])
        expect(editJson(after, [{ path: [top], value: null, mergeStrategy: 'replace' }])).toBe(text)
      }),
    )
  })

  it('that deletes leaves no such key and changes no other', () => {
    fc.assert(
      fc.property(document, path, (text, where) => {
        const after = editJson(text, [{ path: where, value: null, mergeStrategy: 'replace' }])
        expect(found(readJson(after), where)).toBe(undefined)
        const others = (json: unknown): unknown =>
          [...(json as Map<string, unknown>)].filter(([top]) => top !== where[0])
        expect(others(readJson(after))).toStrictEqual(others(readJson(text)))
      }),
    )
  })
})

function found(json: unknown, where: readonly string[]): unknown {
  return where.reduce<unknown>((below, name) => (below instanceof Map ? below.get(name) : undefined), json)
}

function sameJson(json: unknown, where: readonly string[], expected: TomlValue): boolean {
  const at = found(json, where)
  return at !== undefined && sameValue(toTomlValue(at as never), expected)
}
