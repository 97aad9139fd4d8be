import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { displayWidth, padTo, shorten, shortenStart } from '#cli/layers/display-width.ts'
import { toGrid, wrap } from '#cli/layers/grid.ts'
import { widthOf } from '#cli/layers/layers-context.ts'

const output = { style: (_style: string, text: string) => text }

describe('the width of a text', () => {
  it.each([
    ['plain', 5],
    ['日本', 4],
    ['e\u0301', 1],
    ['ｆｕ', 4],
    ['🎉!', 3],
    ['한글', 4],
    ['', 0],
  ])('is what a terminal takes for it: %s', (text, width) => {
    expect(displayWidth(text)).toBe(width)
  })

  it('is never more than it may be once it is shortened, and an ending or a beginning of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, width) => {
        const [start, end] = [shorten(text, width), shortenStart(text, width)]
        expect(displayWidth(start)).toBeLessThanOrEqual(width)
        expect(displayWidth(end)).toBeLessThanOrEqual(width)
        expect(text.startsWith(start.replace(/…$/, ''))).toBe(true)
        expect(text.endsWith(end.replace(/^…/, ''))).toBe(true)
      }),
    )
  })

  it('is filled with spaces', () => {
    expect(padTo('日', 4)).toBe('日  ')
  })
})

describe('a grid', () => {
  const rows = [
    { key: 'a.very.long.key', value: 'a long value', note: 'x' },
    { key: 'b', value: '日本語', note: 'yy' },
  ]
  const columns = [
    { heading: 'KEY', cell: ({ key }: (typeof rows)[number]) => key, min: 6, keeps: 'end' as const },
    { heading: 'VALUE', cell: ({ value }: (typeof rows)[number]) => value, min: 6 },
    { heading: 'NOTE', cell: ({ note }: (typeof rows)[number]) => note },
  ]

  it('is as wide as its cells where nothing limits it', () => {
    expect(toGrid(rows, columns, { output, width: null })).toEqual([
      'KEY              VALUE         NOTE',
      'a.very.long.key  a long value  x',
      'b                日本語        yy',
    ])
  })

  it('shortens the widest columns first', () => {
    expect(toGrid(rows, columns, { output, width: 27 })).toEqual([
      'KEY        VALUE       NOTE',
      '…long.key  a long va…  x',
      'b          日本語      yy',
    ])
  })

  it('never goes below what a column needs', () => {
    expect(toGrid(rows, columns, { output, width: 5 })).toEqual([
      'KEY     VALUE   NOTE',
      '…g.key  a lon…  x',
      'b       日本語  yy',
    ])
  })

  it('fits every width in which its columns fit', () => {
    const widest = 16 + 6 + 6
    fc.assert(
      fc.property(
        fc.array(fc.record({ key: fc.string(), value: fc.string(), note: fc.constant('') })),
        (some) => {
          const lines = toGrid(some, columns, { output, width: widest })
          expect(lines.filter((line) => displayWidth(line) > widest)).toEqual([])
        },
      ),
    )
  })

  it('puts lines below a row', () => {
    expect(toGrid(rows, columns.slice(2), { output, width: null, below: ({ key }) => [`  ${key}`] })).toEqual(
      ['NOTE', 'x', '  a.very.long.key', 'yy', '  b'],
    )
  })
})

describe('the columns that there are', () => {
  it.each<[number | undefined, string | undefined, number | null]>([
    [100, '80', 100],
    [undefined, '80', 80],
    [0, undefined, null],
    [undefined, 'wide', null],
    [undefined, '0', null],
  ])('are those of the terminal, else what COLUMNS says: %s, %s', (...[columns, said, width]) => {
    expect(widthOf(columns, { COLUMNS: said })).toBe(width)
  })

  it('are kept by breaking at spaces', () => {
    expect(wrap('one two three-four five', 9)).toEqual(['one two', 'three-four', 'five'])
    expect(wrap('one two', null)).toEqual(['one two'])
  })
})
