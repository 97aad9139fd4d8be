import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { formatKeyPath, parseKeyPath } from '#layers/key-path.ts'

import { anyText } from './any-text.ts'
import { refusalOf } from './refusals.ts'

// What codex 0.128.0 (plain) and 0.169.0 (quoted) made of each text.
describe('a key path', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['a', ['a'], ['a']],
    ['a.b', ['a', 'b'], ['a', 'b']],
    [' a ', [' a '], [' a ']],
    ['é.b', ['é', 'b'], ['é', 'b']],
    ['a\\.b', ['a\\', 'b'], ['a\\', 'b']],
    ["'a.b'.c", ["'a", "b'", 'c'], ["'a", "b'", 'c']],
    ['"a.b".c', ['"a', 'b"', 'c'], ['a.b', 'c']],
    ['"a" .b', ['"a" ', 'b'], ['a ', 'b']],
    ['"a"b.c', ['"a"b', 'c'], ['ab', 'c']],
    ['""x', ['""x'], ['x']],
    ['"a\\\\"', ['"a\\\\"'], ['a\\']],
    ['"a\\"b".c', ['"a\\"b"', 'c'], ['a"b', 'c']],
    ['"\\n"', ['"\\n"'], ['n']],
    ['__proto__.x', ['__proto__', 'x'], ['__proto__', 'x']],
    ['\uFEFF', ['\uFEFF'], ['\uFEFF']],
  ])('%j has the segments that the CLI sees', (text, plain, quoted) => {
    expect(parseKeyPath(text, 'plain')).toEqual(plain)
    expect(parseKeyPath(text, 'quoted')).toEqual(quoted)
  })

  it.each<[string, readonly string[]]>([
    ['a.', ['a', '']],
    ['.a', ['', 'a']],
    ['a..b', ['a', '', 'b']],
    ['.', ['', '']],
    ['""', ['""']],
    ['a.""', ['a', '""']],
    ['"a', ['"a']],
    ['"a\\', ['"a\\']],
    ['a."b', ['a', '"b']],
    ['a"b', ['a"b']],
    ['"a"b"c', ['"a"b"c']],
    ['"a""b"', ['"a""b"']],
    [' "a.b"', [' "a', 'b"']],
  ])('%j is one where quotes mean nothing, and none where they do', (text, plain) => {
    expect(parseKeyPath(text, 'plain')).toEqual(plain)
    expect(refusalOf(() => parseKeyPath(text, 'quoted'))).toMatchObject({ code: 'configValidationError' })
  })

  it.each(['', ' ', '\t\n', '\u0085\u00A0'])('is not made of %j', (text) => {
    for (const syntax of ['plain', 'quoted'] as const) {
      expect(refusalOf(() => parseKeyPath(text, syntax))).toMatchObject({ code: 'configValidationError' })
    }
  })

  it('is refused without showing it', () => {
    expect(refusalOf(() => parseKeyPath('sk-secret."', 'quoted'))?.message).not.toContain('sk-secret')
  })

  it('that is written is read back as the same segments', () => {
    fc.assert(
      fc.property(fc.array(anyText({ minLength: 1 }), { minLength: 1 }), (path) => {
        expect(parseKeyPath(formatKeyPath(path), 'quoted')).toEqual(path)
      }),
    )
  })

  it('has a text of its own, empty keys included', () => {
    const anyPath = fc.array(fc.constantFrom('a', 'a.b', '', '"', '\\', '"a"', '.', ' '), { minLength: 1 })
    fc.assert(
      fc.property(anyPath, anyPath, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other)
        expect(formatKeyPath(one) === formatKeyPath(other)).toBe(isSame)
      }),
    )
  })

  it('of a million characters in quotes is read', () => {
    const key = `${'x.'.repeat(250_000)}\\"`
    expect(parseKeyPath(formatKeyPath([key, 'a']), 'quoted')).toEqual([key, 'a'])
  })
})
