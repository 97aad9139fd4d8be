import { describe, expect, it } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import { canonicalJson, fingerprint } from '#layers/fingerprint.ts'
import { readToml, readTomlBytes } from '#layers/toml/read.ts'
import { TomlDatetime, type TomlTable, type TomlValue } from '#layers/value.ts'
import { expectations, readVectors, type Vector } from '#test/layers/vectors.ts'

interface RecordedLayer {
  readonly name: { readonly type: string }
  readonly version: string
  readonly canonicalJson: string
}

interface RecordedConfig {
  readonly layers?: readonly RecordedLayer[]
}

type Files = Readonly<Partial<Record<'user' | 'managed' | 'system', string>>>

const LAYER_TYPES = { user: 'user', managed: 'legacyManagedConfigTomlFromFile', system: 'system' } as const
const FILES = ['user', 'managed', 'system'] as const

const DOCUMENTS = ['fingerprint', 'merge', 'random', 'session'].flatMap((file) =>
  readVectors<Vector<Files, RecordedConfig>>(file).flatMap((vector) =>
    expectations(vector).flatMap(({ cliVersion, expected }) =>
      FILES.flatMap((source) => {
        const layer = expected.layers?.find(({ name }) => name.type === LAYER_TYPES[source])
        const text = vector.input[source]
        if (layer === undefined || text === undefined) return []
        return [{ name: `${file}: ${vector.name}, ${source} file, release ${cliVersion}`, text, layer }]
      }),
    ),
  ),
)

describe('a recorded document has the value and the version that the CLI gives it', () => {
  it.each(DOCUMENTS)('$name', ({ text, layer }) => {
    const table = readToml(text)

    expect({ canonicalJson: canonicalJson(table), version: fingerprint(table) }).toEqual({
      canonicalJson: layer.canonicalJson,
      version: layer.version,
    })
  })
})

interface WriteCase {
  readonly ops: readonly { readonly fileAfter?: string | null }[]
}

describe('a document of the recorded writes reads', () => {
  // The first begins with a file that is no TOML, the second ends with one: a defect of the CLI.
  const broken = new Set(['malformed user file', 'format: scalar to table'])
  const cases = readVectors<Vector<Files, WriteCase>>('writes').filter(({ name }) => !broken.has(name))

  it.each(cases)('$name', (vector) => {
    const after = expectations(vector).flatMap(({ expected }) =>
      expected.ops.map(({ fileAfter }) => fileAfter),
    )
    const texts = [...Object.values(vector.input), ...after].filter((text) => typeof text === 'string')

    expect(texts.map((text) => readToml(text) instanceof Map)).toEqual(texts.map(() => true))
  })
})

const table = (entries: Readonly<Record<string, TomlValue>>): TomlTable => new Map(Object.entries(entries))

const ACCEPTED: readonly (readonly [text: string, value: TomlTable])[] = [
  ['', table({})],
  ['\uFEFF# only a comment', table({})],
  ['a=1\r\nb=2\r\n', table({ a: 1n, b: 2n })],
  ['a = "\\x41\\e\\u00e9\\U0001F600\\t\\\\\\""', table({ a: 'A\u001Bé😀\t\\"' })],
  ["a = 'C:\\x'", table({ a: 'C:\\x' })],
  ['a = """\r\nx\r\ny"""', table({ a: 'x\r\ny' })],
  ['a = """a\\  \n \r\n  b"""', table({ a: 'ab' })],
  ['a = """"x"""""', table({ a: '"x""' })],
  ["a = ''''x'''''", table({ a: "'x''" })],
  ['a = 07:32', table({ a: new TomlDatetime('07:32:00') })],
  ['a = 1979-05-27T07:32Z', table({ a: new TomlDatetime('1979-05-27T07:32:00Z') })],
  ['a = 1979-05-27 07:32:00.5000 # c', table({ a: new TomlDatetime('1979-05-27T07:32:00.5') })],
  ['a = [1979-05-27 , 07:32]', table({ a: [new TomlDatetime('1979-05-27'), new TomlDatetime('07:32:00')] })],
  ['1.2 = 3', table({ 1: table({ 2: 3n }) })],
  [
    'a = [ +1, -0, 0xFF, 0o17, 0b11, 1_000, -9223372036854775808, ]',
    table({ a: [1n, 0n, 255n, 15n, 3n, 1000n, -(2n ** 63n)] }),
  ],
  [
    'a = [9007199254740993, 0x0000000000000000000000000000000000000001]',
    table({ a: [9007199254740993n, 1n] }),
  ],
  ['a = [1.0, 1E5, 1e+05, -0.0, 1_0.0_1, 5e-324]', table({ a: [1, 1e5, 1e5, -0, 10.01, 5e-324] })],
  ['a = [inf, -inf, nan, +nan]', table({ a: [Infinity, -Infinity, NaN, NaN] })],
  ['a = [true, false]', table({ a: [true, false] })],
  ['a = { b = 1, # c\n "c"\n=\n2, d.e = 3,\n}', table({ a: table({ b: 1n, c: 2n, d: table({ e: 3n }) }) })],
  ['a = { b.c = 1, b.d = 2 }', table({ a: table({ b: table({ c: 1n, d: 2n }) }) })],
  ['a . "b c" . \'\' = 1', table({ a: table({ 'b c': table({ '': 1n }) }) })],
  ['[ a . b ] # c\nc = 1\n[a]\nd = 2', table({ a: table({ b: table({ c: 1n }), d: 2n }) })],
  ['[a]\nb.c = 1\n[a.b.d]\n', table({ a: table({ b: table({ c: 1n, d: table({}) }) }) })],
  [
    '[[a]]\n[a.b]\nc = 1\n[[a]]\n[[a.d]]\n',
    table({ a: [table({ b: table({ c: 1n }) }), table({ d: [table({})] })] }),
  ],
  ['x = { "$__toml_private_datetime" = "07:32", b = 1 }', table({ x: new TomlDatetime('07:32:00') })],
  [
    'x = { b = 1, "$__toml_private_datetime" = "07:32" }',
    table({ x: table({ b: 1n, $__toml_private_datetime: '07:32' }) }),
  ],
]

describe('the dialect accepts', () => {
  it.each(ACCEPTED)('%j', (text, value) => {
    expect(readToml(text)).toEqual(value)
  })
})

const REJECTED = [
  'é = 1',
  'a.é = 1',
  'a = 0X1',
  'a = .5',
  'a = 1.',
  'a = 01',
  'a = 1__0',
  'a = _1',
  'a = 1_',
  'a = 1_.0',
  'a = 0x_1',
  'a = +0x1',
  'a = 1e',
  'a = 00.5',
  'a = 1\rb = 2',
  'a = "\u0001"',
  'a = "\u007F"',
  "a = '\u0001'",
  '# \u0001',
  'a = "\\ud800"',
  'a = "\\U00110000"',
  'a = "\\q"',
  'a = 24:00:00',
  'a = 07:60',
  'a = 07:32:61',
  'a = 07:32Z',
  'a = 1979-05-27T07:32+24:00',
  'a = 2021-02-30',
  'a = 1979-13-01',
  'a = 1979-05-27T',
  'a = 1979-05-27\t07:32',
  'a = 9223372036854775808',
  'a = -9223372036854775809',
  'a = 0xFFFFFFFFFFFFFFFF',
  'a = 1e400',
  'a = TRUE',
  'a = 1 2',
  'a = 1 b',
  'a = "x" "y"',
  'a = [1 2]',
  'a = [,]',
  'a = {,}',
  'a = {a = 1,, b = 2}',
  'a',
  'a =',
  '= 1',
  '[]',
  '[a',
  '[[a]',
  '[a] b',
  'a = 1\na = 2',
  'a.b = 1\n[a]',
  '[a]\n[a]',
  'a = {b = 1}\na.c = 2',
  'a = {b = 1}\n[a.c]',
  'a = {b = 1, b = 2}',
  'a = [1]\n[[a]]',
  '[[a]]\n[a]',
  'a.b = 1\na.b.c = 2',
  '"""a""" = 1',
  'a = """x',
  "a = 'x",
  'a = "x\ny"',
  'x = { "$__toml_private_datetime" = "nope" }',
  '"$__toml_private_datetime" = "07:32"',
]

describe('the dialect rejects', () => {
  it.each(REJECTED)('%j', (text) => {
    expect(() => readToml(text)).toThrow(LayersError)
  })
})

describe('keys', () => {
  it('may have the names of properties that every object has', () => {
    const text =
      '__proto__ = 1\n[constructor]\ntoString.__proto__ = 2\n[a.__proto__]\nhasOwnProperty = {__proto__ = 3}\n'

    expect([...readToml(text)]).toEqual([
      ['__proto__', 1n],
      ['constructor', new Map([['toString', new Map([['__proto__', 2n]])]])],
      ['a', new Map([['__proto__', new Map([['hasOwnProperty', new Map([['__proto__', 3n]])]])]])],
    ])
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('keep the order of the text', () => {
    expect([...readToml('b = 1\n10 = 1\n[a]\n[9]\n').keys()]).toEqual(['b', '10', 'a', '9'])
  })
})

describe('the bytes of a file', () => {
  it('are refused when they are not UTF-8', () => {
    expect(() => readTomlBytes(Uint8Array.of(0x61, 0xff))).toThrow(
      new LayersError('configUnreadable', 'expected text in UTF-8, got other bytes'),
    )
  })

  it('keep their byte-order mark, which columns count', () => {
    expect(readTomlBytes(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\uFEFFa')
  })
})
