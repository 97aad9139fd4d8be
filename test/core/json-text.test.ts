import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { MAX_DEPTH, MAX_NUMBER_DIGITS, readJsonText } from '#core/json-text.ts'

const LONE = '\ud800'
const CHARACTERS = Array.from('{}[]":,\\ \n\t0123456789.-+eEtrufalsn/bx\u0001é')

describe('JSON text', () => {
  it('is read as maps, lists and the texts of scalars', () => {
    expect(readJsonText('{"a":[1.0,"x\\u0041",null,true,false,-2E3],"b":{}}')).toEqual(
      new Map<string, unknown>([
        ['a', ['1.0', '"xA"', 'null', 'true', 'false', '-2E3']],
        ['b', new Map()],
      ]),
    )
  })

  it('keeps the last of two equal keys, however they are spelled', () => {
    expect(readJsonText('{"a":1,"\\u0061":2}')).toEqual(new Map([['a', '2']]))
  })

  it('keeps keys that are not ordinary in JavaScript', () => {
    expect(readJsonText('{"__proto__":1,"10":2,"9":3,"":4}')).toEqual(
      new Map([
        ['__proto__', '1'],
        ['10', '2'],
        ['9', '3'],
        ['', '4'],
      ]),
    )
  })

  it.each([
    ['nothing', ''],
    ['white space only', ' \n'],
    ['a byte-order mark', '\ufeff{}'],
    ['text behind it', '{} x'],
    ['a second value', '{}{}'],
    ['a comment', '{/* */}'],
    ['an open object', '{'],
    ['an open list', '[1'],
    ['an open string', '"a'],
    ['a string that ends in a back slash', '"a\\'],
    ['a comma too many in an object', '{"a":1,}'],
    ['a comma too many in a list', '[1,]'],
    ['a comma too few', '[1 2]'],
    ['no colon', '{"a" 1}'],
    ['no value', '{"a":}'],
    ['a key without quotes', '{a:1}'],
    ['a key that is a number', '{1:1}'],
    ['single quotes', "{'a':1}"],
    ['NaN', '{"a":NaN}'],
    ['Infinity', '{"a":Infinity}'],
    ['-Infinity', '{"a":-Infinity}'],
    ['undefined', 'undefined'],
    ['a literal in capitals', 'True'],
    ['a literal with a tail', 'nullx'],
    ['a plus sign', '+1'],
    ['a leading zero', '01'],
    ['a hexadecimal number', '0x1'],
    ['a number without whole part', '.5'],
    ['a number without fraction', '1.'],
    ['a number without exponent', '1e'],
    ['a lone minus', '-'],
    ['digits that are not ASCII', '١'],
    ['a line break in a string', '"a\nb"'],
    ['a NUL in a string', '"\u0000"'],
    ['an unknown escape', '"\\x41"'],
    ['a short Unicode escape', '"\\u12"'],
    ['a Unicode escape that is no hexadecimal number', '"\\u12g4"'],
    ['white space that JSON does not know', '\u00a0{}'],
    ['a vertical tab', '\u000b{}'],
    ['a lone surrogate in a string', `"${LONE}"`],
    ['a lone surrogate in a key', `{"${LONE}":1}`],
    ['an escaped lone surrogate', '{"a":"\\ud800"}'],
    ['an escaped low surrogate', '{"a":"\\udc00x"}'],
    ['an escaped lone surrogate in a key', '{"\\udfff":1}'],
    ['escaped surrogates the wrong way round', '"\\ude00\\ud83d"'],
  ])('is refused with %s', (_what, text) => {
    expect(readJsonText(text)).toBeNull()
  })

  it('takes escaped surrogates that make a pair', () => {
    expect(readJsonText('"\\ud83d\\ude00"')).toBe('"😀"')
  })

  it('may nest as deep as the limit and no deeper', () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
    expect(readJsonText(nested(MAX_DEPTH))).not.toBeNull()
    expect(readJsonText(nested(MAX_DEPTH + 1))).toBeNull()
    expect(readJsonText('{"a":'.repeat(MAX_DEPTH + 1))).toBeNull()
  })

  it('may nest 200 000 deep without harm to the process', () => {
    expect(readJsonText('['.repeat(200_000))).toBeNull()
    expect(readJsonText('{"a":['.repeat(200_000))).toBeNull()
  })

  it('may hold numbers of as many digits as the limit and no more', () => {
    const digits = '7'.repeat(MAX_NUMBER_DIGITS)
    expect(readJsonText(digits)).toBe(digits)
    expect(readJsonText(`-${digits}`)).toBe(`-${digits}`)
    expect(readJsonText(`${digits}7`)).toBeNull()
    expect(readJsonText(`0.${digits}`)).toBeNull()
  })

  it('is JSON exactly when JSON.parse says so, whatever was typed', () => {
    const typed = fc.string({ unit: fc.constantFrom(...CHARACTERS) })
    fc.assert(
      fc.property(typed, (text) => {
        expect(readJsonText(text) !== null).toBe(parses(text))
      }),
      { numRuns: 2000 },
    )
  })

  it('is JSON exactly when JSON.parse says so, after one slip of the finger', () => {
    const slip = fc.record({ at: fc.nat(400), remove: fc.nat(2), insert: fc.string({ maxLength: 2 }) })
    fc.assert(
      fc.property(fc.json({ stringUnit: 'grapheme' }), slip, (text, { at, remove, insert }) => {
        const changed = (text.slice(0, at) + insert + text.slice(at + remove)).toWellFormed()
        expect(readJsonText(changed) !== null).toBe(parses(changed))
      }),
      { numRuns: 2000 },
    )
  })
})

/** What `JSON.parse` takes, but for escaped lone surrogates, which it takes and we do not. */
function parses(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return !/\\ud[89a-f]/i.test(JSON.stringify(value))
  } catch {
    return false
  }
}
