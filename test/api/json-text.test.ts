import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parseJsonText, parseJsonTextExactly } from '#api/json-text.ts'

describe('parsing', () => {
  it('gives what JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJsonText(text, 100)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('refuses what JSON.parse refuses, with the same words whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!isJson(text))
        expect(() => parseJsonText(text, 100)).toThrow('request body must be valid JSON')
      }),
    )
  })

  it('counts brackets, but not those in a text', () => {
    const inText = JSON.stringify(['[[[[', '\\"[[[[', '{"\\\\'])
    expect(parseJsonText(inText, 1)).toEqual(['[[[[', '\\"[[[[', '{"\\\\'])
    expect(() => parseJsonText('[[1]]', 1)).toThrow('must not nest deeper than 1 levels')
    expect(() => parseJsonText('{"a":[{}]}', 2)).toThrow('must not nest deeper than 2 levels')
    expect(parseJsonText('[[],[],{"a":{}}]', 3)).toEqual([[], [], { a: {} }])
  })
})

describe('parsing exactly', () => {
  it.each([
    '{"a":1.0,"b":[1e2,-0,0.10],"c":12345678901234567890123}',
    '[1E400,1.5e-7,100,-1,0]',
    '{"__proto__":{"n":1.0},"text":"1.0"}',
    '{"url":"http://127.0.0.1:80","n":5}',
  ])('writes %s as it was read', (text) => {
    expect(JSON.stringify(parseJsonTextExactly(text, 100))).toBe(text)
  })

  it('gives plain numbers where nothing is lost', () => {
    expect(parseJsonTextExactly('{"a":1,"b":"2.0"}', 100)).toEqual({ a: 1, b: '2.0' })
  })

  it('loses nothing of any JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(JSON.stringify(parseJsonTextExactly(text, 100)))).toEqual(JSON.parse(text))
      }),
    )
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
