import { describe, expect, it } from 'vitest'

import { faultText, tellingFaults } from '#cli/layers/fault.ts'
import { LayersError } from '#layers/errors.ts'

interface At {
  readonly column: number
  readonly endColumn?: number
  readonly endLine?: number
}

function aFault(excerpt: string, { column, endColumn = column, endLine = 7 }: At): LayersError {
  const range = { line: 7, column, endLine, endColumn }
  return new LayersError('configSyntaxError', 'expected something', { path: '/c.toml', range, excerpt })
}

function shownBelow(excerpt: string, at: At): readonly string[] {
  return faultText(aFault(excerpt, at), false).split('\n').slice(1)
}

describe('a fault', () => {
  it('says file, line, column and what was expected', () => {
    expect(faultText(aFault('x = ', { column: 5 }), false)).toBe(
      '/c.toml:7:5: expected something\n  7 | x = \n    |     ^',
    )
  })

  it.each<[string, string, At, string]>([
    ['plain text', 'abc = 1', { column: 3 }, '  ^'],
    ['a whole token', 'abc = 123', { column: 7, endColumn: 9 }, '      ^^^'],
    ['a tab, which stays one', '\tx = =', { column: 6 }, '\t    ^'],
    ['wide characters', '"日本" x', { column: 6 }, '       ^'],
    ['a wide character', '"日本" x', { column: 2 }, ' ^^'],
    ['a mark on a letter', '"e\u0301" x', { column: 6 }, '    ^'],
    ['several lines, as far as the first goes', 'a = [', { column: 5, endLine: 9 }, '    ^'],
    ['the end of the line', 'a =', { column: 4 }, '   ^'],
    ['an emoji', '"🎉" x', { column: 5 }, '     ^'],
  ])('is underlined below %s', (...[, excerpt, at, carets]) => {
    expect(shownBelow(excerpt, at)).toEqual([`  7 | ${excerpt}`, `    | ${carets}`])
  })

  it('shows what would move a cursor as a replacement character', () => {
    expect(shownBelow('a\u001B[2J = \u202E', { column: 2 })).toEqual([
      '  7 | a\uFFFD[2J = \uFFFD',
      '    |  ^',
    ])
  })

  it('shows of a long line the part that it is about', () => {
    const [line = '', carets = ''] = shownBelow(`${'a'.repeat(500)}!${'b'.repeat(500)}`, { column: 501 })
    expect([line.length, line[carets.indexOf('^')], line.startsWith('  7 | …aaa')]).toEqual([127, '!', true])
  })

  it.each([
    'api_key = "x',
    '"my_token" = "x',
    'url = "https://me:pw@host',
    '{ password: "x',
    'env.GH_TOKEN = x',
  ])('does not show a line that may hold a secret, unless it was asked for: %s', (excerpt) => {
    const fault = aFault(excerpt, { column: 3 })
    expect(faultText(fault, false)).toBe(
      '/c.toml:7:3: expected something\n  the line may hold a secret; --show-secrets shows it',
    )
    expect(faultText(fault, true)).toContain(excerpt)
  })

  it.each([
    ['configVersionConflict', 'configVersionConflict'],
    ['configValidationError', 'configValidationError'],
    ['configUnreadable', 'CONFIG_UNUSABLE'],
  ] as const)('is told as commands tell failures: %s', async (code, told) => {
    const refuse = (message: string): never => {
      throw new Error(message)
    }
    const act = tellingFaults({ showsSecrets: false, refuse }, async () => {
      throw new LayersError(code, 'why')
    })
    await expect(act).rejects.toMatchObject({ code: told, message: 'why' })
  })
})
