import type { TomlScalar } from '#layers/value.ts'

import { explainBare } from './bare-faults.ts'
import type { Cursor } from './cursor.ts'
import { readDatetime } from './datetimes.ts'
import type { Span } from './syntax.ts'

const INTEGER = /^[+-]?(?:0|[1-9]\d*(?:_\d+)*)$/
const FLOAT = /^[+-]?(?:0|[1-9]\d*(?:_\d+)*)(?:\.\d+(?:_\d+)*)?(?:[eE][+-]?\d+(?:_\d+)*)?$/
const RADIX = /^0(?:x[\dA-Fa-f]+(?:_[\dA-Fa-f]+)*|o[0-7]+(?:_[0-7]+)*|b[01]+(?:_[01]+)*)$/
const MAX_INTEGER = 0x7fff_ffff_ffff_ffffn
/** As many digits as a double holds exactly. */
const SAFE_DIGITS = 15

const WORDS: ReadonlyMap<string, TomlScalar> = new Map<string, TomlScalar>([
  ['true', true],
  ['false', false],
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
  ['nan', NaN],
  ['+nan', NaN],
  ['-nan', NaN],
])

/** Reads a value without quotes: a boolean, a number or a date. What is none is noted as a fault. */
export function readBare(cursor: Cursor, start: number, end: number): TomlScalar {
  const small = smallInteger(cursor.text, start, end)
  if (small !== null) return small
  const raw = cursor.text.slice(start, end)
  return WORDS.get(raw) ?? readNumber(cursor, { start, end }, raw)
}

function readNumber(cursor: Cursor, span: Span, raw: string): TomlScalar {
  if (INTEGER.test(raw)) return readInteger(cursor, span, raw)
  if (FLOAT.test(raw)) return readFloat(cursor, span, raw)
  if (RADIX.test(raw)) return readRadix(cursor, span, raw)
  const datetime = readDatetime(raw)
  if (datetime !== null) return datetime
  explainBare(cursor, span)
  return ''
}

/** The usual number without a detour through text. */
function smallInteger(text: string, start: number, end: number): bigint | null {
  if (end - start > SAFE_DIGITS) return null
  const first = text.charCodeAt(start)
  if (first === 48) return end - start === 1 ? 0n : null
  let value = 0
  for (let at = start; at < end; at += 1) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return null
    value = value * 10 + digit
  }
  return BigInt(value)
}

function readInteger(cursor: Cursor, span: Span, raw: string): bigint {
  const isNegative = raw.startsWith('-')
  const digits = raw.replaceAll(/[+\-_]/g, '')
  // Longer is out of range anyway, and turning a megabyte of digits into a number would take long.
  const value = digits.length > 19 ? null : BigInt(digits)
  if (value === null || value > (isNegative ? MAX_INTEGER + 1n : MAX_INTEGER))
    return noteOverflow(cursor, span)
  return isNegative ? -value : value
}

function readRadix(cursor: Cursor, span: Span, raw: string): bigint {
  const digits = raw
    .slice(2)
    .replaceAll('_', '')
    .replace(/^0+(?=.)/, '')
  const value = digits.length > 63 ? null : BigInt(raw.slice(0, 2) + digits)
  return value === null || value > MAX_INTEGER ? noteOverflow(cursor, span) : value
}

function noteOverflow(cursor: Cursor, { start, end }: Span): bigint {
  cursor.noteRange(start, end, 'expected an integer between -2^63 and 2^63 - 1, got one that is out of range')
  return 0n
}

function readFloat(cursor: Cursor, { start, end }: Span, raw: string): number {
  const value = Number(raw.includes('_') ? raw.replaceAll('_', '') : raw)
  if (Number.isFinite(value)) return value
  cursor.noteRange(start, end, 'expected a float that a double can hold, got one that is out of range')
  return 0
}
