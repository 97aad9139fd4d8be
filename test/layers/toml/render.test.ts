import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readToml } from '#layers/toml/read.ts'
import { renderToml } from '#layers/toml/render.ts'
import { sameValue } from '#layers/value.ts'
import { anyTable } from '#test/layers/any-config.ts'

import { anyDocument } from './documents.ts'

describe('renderToml', () => {
  it('writes pairs before headers, a header for every table and arrays in one line', () => {
    const table = readToml(
      'z = { k.l = 1, empty = {} }\nmodel = "m"\n[[list]]\nn = 1\n[[list]]\nsub = { n = [2, []] }\n[a.b]\nc = 1.0\n',
    )
    expect(renderToml(table)).toBe(
      [
        'model = "m"',
        'list = [{ n = 1 }, { sub = { n = [2, []] } }]',
        '',
        '[z]',
        '',
        '[z.k]',
        'l = 1',
        '',
        '[z.empty]',
        '',
        '[a]',
        '',
        '[a.b]',
        'c = 1.0',
        '',
      ].join('\n'),
    )
  })

  it('begins with a header when there are no pairs before it', () => {
    expect(renderToml(readToml('[t]\na = 1\n'))).toBe('[t]\na = 1\n')
  })

  it('writes nothing for an empty table', () => {
    expect(renderToml(new Map())).toBe('')
  })

  it('writes what reads back as the same table', () => {
    fc.assert(
      fc.property(anyTable(), (table) => {
        expect(sameValue(readToml(renderToml(table)), table)).toBe(true)
      }),
    )
    fc.assert(
      fc.property(anyDocument(), ({ text }) => {
        const table = readToml(text)
        expect(sameValue(readToml(renderToml(table)), table)).toBe(true)
      }),
    )
  })
})
