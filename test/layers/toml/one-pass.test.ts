import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readInOnePass } from '#layers/toml/one-pass.ts'
import { parseTomlSyntax } from '#layers/toml/parse.ts'
import { toTable } from '#layers/toml/table.ts'
import { isArray, isTable, type TomlValue } from '#layers/value.ts'
import { FuzzedTexts } from '#test/layers/fuzzed-texts.ts'
import { seededRandom } from '#test/support/random.ts'

import { anyDocument } from './documents.ts'

/** A value with the order of its keys. */
function ordered(value: TomlValue): unknown {
  if (isTable(value)) return [...value].map(([key, item]) => [key, ordered(item)])
  return isArray(value) ? { items: value.map(ordered) } : value
}

/** What the two passes say: the table, or null for a fault. */
function inTwoPasses(text: string): unknown {
  try {
    return ordered(toTable(parseTomlSyntax(text)))
  } catch {
    return null
  }
}

describe('reading in one pass', () => {
  it.each([
    ['', true],
    ['a = 1', true],
    ['# c\n\n  a = "x" # "\n[t]\nb = [1, "2"]\n[t."x y"]\nc = 1.5\n[u]', true],
    ['[a.b]\nx = 1\n[a]\ny = 2', true],
    [String.raw`a = "\t"`, true],
    ['a = """\nx"""', true],
    ['a.b = 1', false],
    ['a = {}', false],
    ['a = [{}]', false],
    ['[[a]]', false],
    ['a = 1\r\n\r\n# c\r\n[t]\r\n', true],
    ['a = 1\r', false],
    ['a = 1\rb = 2', false],
    ['a = ["x", "y" ]', true],
    ['a = ["x", "y",]', true],
    ['a = []', true],
    ['a = ["x" "y"]', false],
    ['a = ["\\t", 1]', true],
    ['[ a . b ]', true],
    ['[a.]', false],
    ['a = "\u0001"', false],
    ['# \u0001', false],
    ['a = 1\na = 2', false],
    ['[a]\n[a]', false],
    ['a = 1\n[a]', false],
    ['a = 1\n[a.b]', false],
    ['a =', false],
    ['a = "x', false],
    ['a = 01', false],
    ['a = 99999999999999999999', false],
    ['[x."$__toml_private_datetime"]', false],
  ])('of %j: %s', (text, isRead) => {
    expect(readInOnePass(text, {}) !== null).toBe(isRead)
  })

  it('gives what the two passes give, in the same order, or leaves the text to them', () => {
    fc.assert(
      fc.property(anyDocument(), ({ text }) => {
        const table = readInOnePass(text, {})
        expect(table === null ? inTwoPasses(text) : ordered(table)).toEqual(inTwoPasses(text))
      }),
      { numRuns: 1000 },
    )
  })

  it('takes no text that they refuse, and reads every other as they do: 20 000 odd ones', () => {
    const texts = new FuzzedTexts(seededRandom(7))
    let read = 0
    for (let at = 0; at < 20_000; at += 1) {
      const text = new TextDecoder().decode(texts.tomlBytes())
      const table = readInOnePass(text, {})
      if (table === null) continue
      read += 1
      expect([text, ordered(table)]).toEqual([text, inTwoPasses(text)])
    }
    expect(read).toBeGreaterThan(500)
  })
})
