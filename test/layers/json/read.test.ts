import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import { MAX_JSON_DEPTH, readJson, type JsonValue } from '#layers/json/read.ts'
import { anyCharacter, anyText } from '#test/layers/any-text.ts'

describe('JSON', () => {
  it.each<[string, JsonValue]>([
    ['null', null],
    [' true ', true],
    ['"a\\u00e9\\ud83d\\ude00\\/\\n"', 'aé😀/\n'],
    ['"\u2028\u007f"', '\u2028\u007f'],
    ['0', 0n],
    ['-0', 0n],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['123456789012345678901234567890', 123_456_789_012_345_678_901_234_567_890n],
    ['1.0', 1],
    ['-0.0', -0],
    ['1e3', 1000],
    ['1E+2', 100],
    ['5e-400', 0],
    ['[]', []],
    ['[1, [2.5, {}]]', [1n, [2.5, new Map()]]],
    [
      '{"__proto__":{"x":1},"10":2,"b":3}',
      new Map<string, JsonValue>([
        ['__proto__', new Map([['x', 1n]])],
        ['10', 2n],
        ['b', 3n],
      ]),
    ],
    ['{"a":1,"a":2}', new Map([['a', 2n]])],
    ['\t\r\n{ "a" : 1 }\r\n', new Map([['a', 1n]])],
  ])('%j is read with nothing lost', (text, expected) => {
    expect(readJson(text)).toEqual(expected)
  })

  it.each<[string, readonly [line: number, column: number], string]>([
    ['', [1, 1], 'expected a value, got the end of the text'],
    ['{', [1, 2], 'expected a key in double quotes, got the end of the text'],
    ['{"a" 1}', [1, 6], 'expected a colon after the key, got a digit'],
    ['{"a": }', [1, 7], 'expected a value, got `}`'],
    ['{"a": 1,}', [1, 9], 'expected a key in double quotes, got `}`'],
    ['{"a": 1 "b"', [1, 9], 'expected a comma or a closing brace, got `"`'],
    ['[1 2]', [1, 4], 'expected a comma or a closing bracket, got a digit'],
    ['[1,]', [1, 4], 'expected a value, got `]`'],
    ['{\n  "é😀": 1,\n  // why\n}', [3, 3], 'expected a key in double quotes, got a comment'],
    ['{"é😀": secret}', [1, 8], 'expected a value, got a letter'],
    ['{"a": 1} x', [1, 10], 'expected the end of the text, got a letter'],
    ['01', [1, 2], 'expected the end of the text, got a digit'],
    ['-', [1, 1], 'expected a value, got another character'],
    ['1.', [1, 2], 'expected the end of the text, got another character'],
    ['NaN', [1, 1], 'expected a value, got a letter'],
    ['nullx', [1, 1], 'expected a value, got a letter'],
    ['\uFEFF{}', [1, 1], 'expected a value, got another character'],
    ['"a\nb"', [1, 3], 'expected a closing quote, got the end of the line'],
    ['"a\u0001"', [1, 3], 'expected a closing quote, got a control character'],
    ['"a', [1, 3], 'expected a closing quote, got the end of the text'],
    ['"a\\', [1, 3], 'expected an escape that JSON knows, got another'],
    ['"\\x41"', [1, 2], 'expected an escape that JSON knows, got another'],
    ['"\\u12"', [1, 2], 'expected an escape that JSON knows, got another'],
    ['[1, "\\ud800"]', [1, 5], 'expected whole characters, got half a surrogate pair'],
    ['["\udc00"]', [1, 2], 'expected whole characters, got half a surrogate pair'],
    ['{"a": 1e400}', [1, 7], 'expected a number that 64 bits can hold, got one beyond'],
    [`[-${'9'.repeat(1001)}]`, [1, 2], 'expected a number that 64 bits can hold, got one beyond'],
  ])('%j is refused with the place and without the text', (text, [line, column], reason) => {
    const range = { line, column, endLine: line, endColumn: column }
    expect(faultOf(text)).toMatchObject({ code: 'configSyntaxError', reason, place: { range } })
  })

  it('that is refused is shown with its line', () => {
    expect(faultOf('{\r\n  "a": ?\r\n}')).toMatchObject({ place: { excerpt: '  "a": ?' } })
  })

  it.each([
    ['{ "TOKEN":\n "x" y }', '{ "TOKEN":\n'],
    ['{ "a": 1,\n "b": ? }', undefined],
    ['?', undefined],
  ])('keeps the key of a value that stands on another line: %j', (text, opening) => {
    expect(faultOf(text)?.place.opening).toBe(opening)
  })

  it('may be nested a certain depth and no more', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(Array.isArray(readJson(nested(MAX_JSON_DEPTH)))).toBe(true)
    expect(faultOf(nested(MAX_JSON_DEPTH + 1))).toMatchObject({
      code: 'configTooDeep',
      place: { range: { line: 1, column: MAX_JSON_DEPTH + 1 } },
    })
    expect(faultOf('{"a":'.repeat(1_000_000))).toMatchObject({ code: 'configTooDeep' })
  })

  it('is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: anyCharacter() }), (text) => {
        expect(toPlain(readJson(text))).toEqual(withoutPrototypes(JSON.parse(text)))
      }),
    )
  })

  it('of any text is read or refused, as by JSON.parse', () => {
    const nearlyJson = fc.oneof(
      fc.string({
        unit: fc.constantFrom(
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '"',
          '\\',
          '1',
          '0',
          '.',
          '-',
          'e',
          'true',
          'null',
          ' ',
          '\n',
        ),
      }),
      anyText(),
    )
    fc.assert(
      fc.property(nearlyJson, (text) => {
        expect(faultOf(text) === null).toBe(isJson(text))
      }),
      { numRuns: 1000 },
    )
  })

  it('pollutes no prototype', () => {
    readJson('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}')
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })
})

function faultOf(text: string): LayersError | null {
  try {
    readJson(text)
    return null
  } catch (error) {
    if (error instanceof LayersError) return error
    throw error
  }
}

/** Whether JSON.parse takes the text; the lone halves and numbers beyond 64 bits that it takes too do not occur here. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function toPlain(value: JsonValue): unknown {
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [key, toPlain(each)]))
  if (Array.isArray(value)) return value.map(toPlain)
  return typeof value === 'bigint' ? Number(value) : value
}

function withoutPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototypes)
  // An integer is read as one and has no negative zero.
  if (typeof value === 'number') return value === 0 ? 0 : value
  if (typeof value !== 'object' || value === null) return value
  return new Map(Object.entries(value).map(([key, each]) => [key, withoutPrototypes(each)]))
}
