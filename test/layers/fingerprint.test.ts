import { createHash } from 'node:crypto'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { canonicalFloat } from '#layers/canonical-writer.ts'
import { canonicalJson, fingerprint } from '#layers/fingerprint.ts'
import { readToml } from '#layers/toml/read.ts'
import { isArray, isTable, sameValue, TomlDatetime, type TomlTable, type TomlValue } from '#layers/value.ts'

import { anyTable } from './any-config.ts'
import { anyText } from './any-text.ts'

describe('a version', () => {
  it.each([
    ['', '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'],
    ['# a comment', '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'],
    ['x = 1', '5041bf1f713df204784353e82f6a4a535931cb64f1f4b4a5aeaffcb720918b22'],
  ])('of %j is the one that the CLI reports', (text, hash) => {
    expect(fingerprint(readToml(text))).toBe(`sha256:${hash}`)
  })

  it.each([
    ['comments and spaces', 'x=1', '# c\n  x   =   1 # d'],
    ['the order of keys', 'a = 1\nb = 2', 'b = 2\na = 1'],
    ['the spelling of a number', 'x = 255', 'x = 0xFF'],
    ['dots, headers and braces', 'x.y.z = 1', '[x]\ny = { z = 1 }'],
    ['how an array of tables is written', '[[x]]\na = 1', 'x = [{ a = 1 }]'],
    ['the kind of quotes', 'x = "a"', "x = '''a'''"],
    ['a missing second', 'x = 07:32', 'x = 07:32:00.000'],
    ['NaN or infinite', 'x = nan', 'x = -inf'],
  ])('does not see %s', (_what, one, other) => {
    expect(fingerprint(readToml(one))).toBe(fingerprint(readToml(other)))
  })

  it.each([
    ['an integer and a float', 'x = 1', 'x = 1.0'],
    ['a number and its text', 'x = 1', 'x = "1"'],
    ['an empty table and none', 'x = {}', ''],
    ['the order of an array', 'x = [1, 2]', 'x = [2, 1]'],
    ['the sign of zero', 'x = 0.0', 'x = -0.0'],
    ['a date and its text', 'x = 1979-05-27', 'x = "1979-05-27"'],
    ['neighbours beyond 53 bits', 'x = 9007199254740992', 'x = 9007199254740993'],
    ['two ways to write one letter', 'é = 1'.replace('é', '"é"'), '"e\\u0301" = 1'],
  ])('tells %s apart', (_what, one, other) => {
    expect(fingerprint(readToml(one))).not.toBe(fingerprint(readToml(other)))
  })

  it('changes exactly when the value does', () => {
    fc.assert(
      fc.property(anyTable(), anyTable(), (one, other) => {
        expect(fingerprint(one) === fingerprint(other)).toBe(sameValue(one, other))
      }),
    )
  })

  it('does not change with the order of keys at any depth', () => {
    fc.assert(
      fc.property(anyTable(), (table) => {
        expect(fingerprint(reversed(table))).toBe(fingerprint(table))
      }),
    )
  })

  it('is the hash of the canonical text in UTF-8', () => {
    const table = readToml('"é" = "😀"')
    const hash = createHash('sha256').update('{"é":"😀"}', 'utf8').digest('hex')
    expect(fingerprint(table)).toBe(`sha256:${hash}`)
  })
})

describe('the canonical text', () => {
  it.each([
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [-1.5, '-1.5'],
    [100_000, '100000.0'],
    [1e15, '1000000000000000.0'],
    [999_999_999_999_999.9, '999999999999999.9'],
    [1e16, '1e+16'],
    [1.5e16, '1.5e+16'],
    [1e21, '1e+21'],
    [1e-5, '0.00001'],
    [1.2345e-5, '0.000012345'],
    [1e-6, '1e-6'],
    [2.5e-6, '2.5e-6'],
    [5e-324, '5e-324'],
    [Number.MAX_VALUE, '1.7976931348623157e+308'],
    [Number.NaN, 'null'],
    [Number.POSITIVE_INFINITY, 'null'],
    [Number.NEGATIVE_INFINITY, 'null'],
  ])('of the float %d is %s', (value, expected) => {
    expect(canonicalFloat(value)).toBe(expected)
  })

  it('of any float reads back as the same float and is never an integer', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = canonicalFloat(value)
        expect(Number(text)).toBe(value)
        expect(text).toMatch(/[.e]/)
      }),
    )
  })

  it('has its keys in the order of code points, not of UTF-16 units', () => {
    const table = readToml(
      '"\u{1F600}" = 1\n"\uE000" = 2\n"a" = 3\n"\uFFFD" = 4\n"a\u{1F600}" = 5\n"a\uE000" = 6',
    )
    expect(canonicalJson(table)).toBe(
      '{"a":3,"a\uE000":6,"a\u{1F600}":5,"\uE000":2,"\uFFFD":4,"\u{1F600}":1}',
    )
  })

  it('has them in the order of their bytes, whatever they are', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyText()), (keys) => {
        const text = canonicalJson(new Map(keys.map((key) => [key, true])))
        const inOrder = keys.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
        expect(text).toBe(`{${inOrder.map((key) => `${JSON.stringify(key)}:true`).join(',')}}`)
      }),
    )
  })

  it('escapes quotes, backslashes and controls, and nothing else', () => {
    expect(canonicalJson(' "\\\b\t\n\f\r\u0000\u001f\u007f\u2028é😀/')).toBe(
      '" \\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001f\u007f\u2028é😀/"',
    )
  })

  it('has the integers of 64 bits in full, and a date as an object', () => {
    const values = [2n ** 63n - 1n, -(2n ** 63n), 9_007_199_254_740_993n, new TomlDatetime('07:32:00')]
    expect(canonicalJson(values)).toBe(
      '[9223372036854775807,-9223372036854775808,9007199254740993,{"$__toml_private_datetime":"07:32:00"}]',
    )
  })
})

function reversed(value: TomlTable): TomlTable {
  return new Map([...value].toReversed().map(([key, each]) => [key, reversedBelow(each)]))
}

function reversedBelow(value: TomlValue): TomlValue {
  if (isTable(value)) return reversed(value)
  return isArray(value) ? value.map(reversedBelow) : value
}
