import { describe, expect, it } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import { readToml } from '#layers/toml/read.ts'
import { isTable } from '#layers/value.ts'

/** Where a text is refused: line and column. */
function refusedAt(text: string): readonly (number | undefined)[] {
  try {
    readToml(text)
  } catch (error) {
    if (!(error instanceof LayersError)) throw error
    return [error.place.range?.line, error.place.range?.column]
  }
  return []
}

// Tried with release 0.169.0.
describe('dotted keys and headers', () => {
  it.each<[string, string, readonly number[]]>([
    ['put nothing into a table that a header implied', '[y.d.c]\n[y]\nd.a=1\n', [3, 3]],
    ['put nothing into a table that a header opened', '[y.d.c]\n[y]\nd.c.x=1\n', [3, 3]],
    ['put nothing into an implied table further down', '[y.d.c.q]\n[y]\nd.c.x=1\n', [3, 5]],
    ['put nothing into it after passing through it', '[y.d.c]\n[y]\nd.e.a=1\nd.b=2\n', [4, 3]],
    ['pass through a table that a header implied', '[y.d.c]\n[y]\nd.e.a=1\nd.e.b=2\n', []],
    ['leave such a table open for a header', '[y.d.c]\n[y]\nd.e.a=1\n[y.d]\nq=1\n', []],
    ['close their own tables for a header', '[y]\nd.e.a=1\n[y.d]\nq=1\n', [3, 4]],
    ['leave their own tables open for headers below', '[y]\nd.e.a=1\n[y.d.e.f]\nq=1\n', []],
  ])('%s', (_what, text, expected) => {
    expect(refusedAt(text)).toEqual(expected)
  })

  it('put a key where its header is, not where a longer header implied it', () => {
    const table = readToml('[x.x.a]\n[x.z]\n[x.x]\n').get('x')
    expect(isTable(table) ? [...table.keys()] : []).toEqual(['z', 'x'])
  })
})
