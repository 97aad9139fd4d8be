import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { LayersError, type TextRange } from '#layers/errors.ts'
import { canonicalJson } from '#layers/fingerprint.ts'
import { readToml } from '#layers/toml/read.ts'
import { isArray, isTable, TomlDatetime, type TomlTable, type TomlValue } from '#layers/value.ts'

const anyText = fc.string({ unit: 'binary' }).map((text) => text.toWellFormed())
const anyScalar: fc.Arbitrary<TomlValue> = fc.oneof(
  anyText,
  fc.boolean(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double(),
  fc
    .constantFrom('1979-05-27T07:32:00.5+08:00', '0000-02-29', '23:59:60')
    .map((text) => new TomlDatetime(text)),
)
const { anyTable } = fc.letrec<{ anyTable: TomlTable; anyValue: TomlValue }>((tie) => ({
  anyTable: fc
    .dictionary(fc.oneof(anyText, fc.string()), tie('anyValue'), { maxKeys: 5 })
    .map((fields) => new Map(Object.entries(fields))),
  anyValue: fc.oneof(
    { depthSize: 'small' },
    anyScalar,
    fc.array(tie('anyValue'), { maxLength: 4 }),
    tie('anyTable'),
  ),
}))

function renderInline(value: TomlValue): string {
  if (isArray(value)) return `[${value.map(renderInline).join(', ')}]`
  if (isTable(value)) return `{${renderPairs(value, ', ')}}`
  if (value instanceof TomlDatetime) return value.text
  if (typeof value === 'string') return renderString(value)
  return typeof value === 'number' ? renderFloat(value) : value.toString()
}

function renderPairs(table: TomlTable, separator: string): string {
  return [...table].map(([key, value]) => `${renderString(key)} = ${renderInline(value)}`).join(separator)
}

function renderFloat(value: number): string {
  if (!Number.isFinite(value))
    return String(value)
      .toLowerCase()
      .slice(0, value < 0 ? 4 : 3)
  if (Object.is(value, -0)) return '-0.0'
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${String(value)}.0` : value.toString()
}

function renderString(text: string): string {
  return JSON.stringify(text).replaceAll('\u007F', '\\u007f')
}

function renderSections(table: TomlTable): string {
  const sections = [...table].map(([key, value]) =>
    isTable(value)
      ? `[${renderString(key)}]\n${renderPairs(value, '\n')}\n`
      : `${renderString(key)} = ${renderInline(value)}\n`,
  )
  return sections.sort((one, other) => Number(one.startsWith('[')) - Number(other.startsWith('['))).join('')
}

describe('any table', () => {
  it('reads back from a text of inline values', () => {
    fc.assert(
      fc.property(anyTable, (expected) => {
        expect(canonicalJson(readToml(renderPairs(expected, '\n')))).toBe(canonicalJson(expected))
      }),
    )
  })

  it('reads back from a text of sections', () => {
    fc.assert(
      fc.property(anyTable, (expected) => {
        expect(canonicalJson(readToml(renderSections(expected)))).toBe(canonicalJson(expected))
      }),
    )
  })
})

// Everything that begins, ends or separates something.
const PIECES = [
  ...Array.from('a1.=[]{},"\'\\#\n\r _-:eé\u0000\uFEFF'),
  '😀',
  '"'.repeat(3),
  "'".repeat(3),
  'a=1\n',
  '[a]\n',
  'a={b=1}',
  'true',
  '07:32',
]

describe('any text', () => {
  it('is read or refused with a place inside it', () => {
    const anyPieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }).map((pieces) => pieces.join(''))

    fc.assert(
      fc.property(anyPieces, (text) => {
        expect(isInside(text, rangeOfFault(text))).toBe(true)
      }),
      { numRuns: 10_000 },
    )
  })
})

/** The range of the fault; null if the text reads. */
function rangeOfFault(text: string): TextRange | null | undefined {
  try {
    readToml(text)
    return null
  } catch (error) {
    if (error instanceof LayersError) return error.place.range
    throw error
  }
}

function isInside(text: string, range: TextRange | null | undefined): boolean {
  if (range === null || range === undefined) return range === null
  const line = text.split('\n')[range.line - 1] ?? ''
  // Behind the end of a line, and behind its line feed at the end of the text.
  return range.column >= 1 && range.column <= Array.from(line).length + 2 && range.endLine >= range.line
}
