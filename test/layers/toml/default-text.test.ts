import { describe, expect, it } from 'vitest'

import { keyText, scalarText } from '#layers/toml/default-text.ts'
import { TomlDatetime, type TomlScalar } from '#layers/value.ts'

describe('scalarText', () => {
  it.each<[string, TomlScalar, string]>([
    ['an integer in decimal', -9_223_372_036_854_775_808n, '-9223372036854775808'],
    ['a float that is whole with a point', 1000, '1000.0'],
    ['a float as short as it can be', 0.1, '0.1'],
    ['a large float without an exponent', 1e20, '100000000000000000000.0'],
    ['a float of more digits than it has', 1.5e22, '15000000000000000000000.0'],
    ['a small float without an exponent', -1.25e-10, '-0.000000000125'],
    ['a negative zero', -0, '-0.0'],
    ['infinity', Infinity, 'inf'],
    ['negative infinity', -Infinity, '-inf'],
    ['what is no number', NaN, 'nan'],
    ['a boolean', true, 'true'],
    ['a date in its normal form', new TomlDatetime('1979-05-27T07:32:00Z'), '1979-05-27T07:32:00Z'],
    ['a plain string in double quotes', "it's", `"it's"`],
    ['an empty string', '', '""'],
    ['a string with double quotes in single ones', 'q"q', `'q"q'`],
    ['a string with a backslash in single quotes', String.raw`back\slash`, String.raw`'back\slash'`],
    ['a string with both quotes in three double ones', `"'"`, `""""'""""`],
    [
      'a string with a backslash and a single quote in three single ones',
      String.raw`a\'b`,
      String.raw`'''a\'b'''`,
    ],
    ['a string of lines on lines of their own', 'nl\nx', '"""\nnl\nx"""'],
    ['lines with a backslash in three single quotes', 'a\\\nb', `'''\na\\\nb'''`],
    ['lines with a control character in three double quotes', 'a\r\nb', '"""\na\\r\nb"""'],
    [
      'every third quote of a row with a backslash',
      '\r\n""""""',
      String.raw`"""` + '\n' + String.raw`\r` + '\n' + String.raw`""\"""\""""`,
    ],
    ['a control character as an escape', '\u0001\u007F', String.raw`"\u0001\u007F"`],
    ['a tab as a short escape', 'tab\tx', String.raw`"tab\tx"`],
    ['characters that are no ASCII as they are', 'é😀\u0085\u2028', '"é😀\u0085\u2028"'],
  ])('writes %s', (_what, value, expected) => {
    expect(scalarText(value)).toBe(expected)
  })
})

describe('keyText', () => {
  it.each([
    ['letters, digits, dashes and underscores bare', 'A_b-1', 'A_b-1'],
    ['the empty key in quotes', '', '""'],
    ['a key with a dot in double quotes', 'a.b', '"a.b"'],
    ['a key with a double quote in single ones', 'q"', `'q"'`],
    ['a key with both quotes with an escape', `q"'`, String.raw`"q\"'"`],
    ['a key with a line end with an escape', 'nl\n', String.raw`"nl\n"`],
    ['a key with a tab with an escape', 't\t', String.raw`"t\t"`],
    ['letters that are no ASCII in quotes', 'é', '"é"'],
  ])('writes %s', (_what, name, expected) => {
    expect(keyText(name)).toBe(expected)
  })
})
