import { describe, expect, it } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import { readToml } from '#layers/toml/read.ts'

// A reader that is quadratic anywhere takes minutes for one of these.
const MEGABYTE = 1_000_000
const HOSTILE: readonly (readonly [what: string, text: string])[] = [
  ['a key of a megabyte', `${'k'.repeat(MEGABYTE)} = 1`],
  ['a number of a megabyte', `a = ${'1'.repeat(MEGABYTE)}`],
  ['a float of a megabyte that is none', `a = ${'1'.repeat(MEGABYTE)}e_x`],
  ['underscores', `a = 1${'_'.repeat(MEGABYTE)}`],
  ['100 000 headers', Array.from({ length: 100_000 }, (_, index) => `[h${String(index)}]\n`).join('')],
  ['100 000 items', '[[x]]\n'.repeat(100_000)],
  [
    'long dotted prefixes',
    Array.from({ length: 6000 }, (_, index) => `${'a.'.repeat(79)}k${String(index)} = 1\n`).join(''),
  ],
  ['a line of strings', `a = [${'"x",'.repeat(MEGABYTE / 4)}]`],
  ['strings that are not closed', 'a = "\n'.repeat(MEGABYTE / 6)],
  ['multi-line strings in a row', `a = [${'"""x""",'.repeat(MEGABYTE / 8)}]`],
  ['blank space behind words', `a = 1${' '.repeat(MEGABYTE)}`],
  ['words', `a = ${'b '.repeat(MEGABYTE / 2)}`],
  ['signs', `a = ${'+'.repeat(MEGABYTE)}`],
  ['dots', '.'.repeat(MEGABYTE)],
  ['brackets', '['.repeat(MEGABYTE)],
  ['open arrays', `a = ${'['.repeat(MEGABYTE)}`],
  ['quotes', '"'.repeat(MEGABYTE)],
  ['backslashes', `a = "${'\\'.repeat(MEGABYTE)}`],
  ['control characters', `a = "${'\u0001'.repeat(MEGABYTE)}"`],
  ['comments', '#\n'.repeat(MEGABYTE / 2)],
]

describe('hostile text of a megabyte is read or refused in one go', () => {
  it.each(HOSTILE)('%s', (_what, text) => {
    expect(['read', 'refused']).toContain(outcomeOf(text))
  })
})

function outcomeOf(text: string): string {
  try {
    readToml(text)
    return 'read'
  } catch (error) {
    return error instanceof LayersError ? 'refused' : String(error)
  }
}
