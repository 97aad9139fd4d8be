import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readPointer } from '#core/json-pointer.ts'
import type { JsonObject } from '#core/json.ts'

const document: JsonObject = JSON.parse(`{
  "tokens": { "account_id": "acc-1", "level": 3, "none": null, "on": true, "list": ["x", { "y": "z" }] },
  "last_refresh": "2026-11-21T10:00:00Z",
  "a/b": "slash", "m~n": "tilde", "~1": "both", "": "empty", " ": "space", "__proto__": "own",
  "big": 12345678901234567890, "whole": 9007199254740991, "part": 1.5, "huge": 1e999
}`)

describe('a JSON pointer', () => {
  it.each([
    ['/tokens/account_id', 'acc-1'],
    ['/tokens/level', '3'],
    ['/tokens/list/0', 'x'],
    ['/tokens/list/1/y', 'z'],
    ['/last_refresh', '2026-11-21T10:00:00Z'],
    ['/a~1b', 'slash'],
    ['/m~0n', 'tilde'],
    ['/~01', 'both'],
    ['/', 'empty'],
    ['/ ', 'space'],
    ['/__proto__', 'own'],
    ['/whole', '9007199254740991'],
    ['/part', '1.5'],
  ])('%s finds %s', (pointer, text) => {
    expect(readPointer(document, pointer)).toBe(text)
  })

  it.each([
    ['a place that is not there', '/tokens/nothing'],
    ['a place below a leaf', '/last_refresh/length'],
    ['the whole document', ''],
    ['an object', '/tokens'],
    ['a list', '/tokens/list'],
    ['null', '/tokens/none'],
    ['a boolean', '/tokens/on'],
    ['something inherited', '/constructor/name'],
    ['the length of a list', '/tokens/list/length'],
    ['an index with a leading zero', '/tokens/list/00'],
    ['the place behind a list', '/tokens/list/-'],
    ['an index that is not there', '/tokens/list/2'],
    ['an integer that JavaScript rounds', '/big'],
    ['a number beyond all', '/huge'],
    ['a pointer without slash', 'tokens'],
    ['a fragment', '#/tokens'],
    ['a tilde that escapes nothing', '/m~n'],
    ['a tilde at the end', '/m~'],
  ])('finds nothing for %s', (_what, pointer) => {
    expect(readPointer(document, pointer)).toBeNull()
  })

  it('finds every leaf by its escaped path', () => {
    const key = fc.string({ unit: 'binary', maxLength: 6 })
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 5 }), fc.string(), (path, leaf) => {
        const value = path.reduceRight<JsonObject | string>((inner, key) => own(key, inner), leaf)
        const pointer = path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
        expect(readPointer(value as JsonObject, pointer)).toBe(leaf)
      }),
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (pointer) => {
        expect(() => readPointer(document, pointer)).not.toThrow()
      }),
    )
  })
})

function own(key: string, inner: JsonObject | string): JsonObject {
  return Object.fromEntries([[key, inner]])
}
