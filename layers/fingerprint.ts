import { hash } from 'node:crypto'

import { DATETIME_KEY, isArray, isTable, type TomlTable, type TomlValue } from './value.ts'

/**
 * The version of a layer: changes exactly when its parsed value does, so that comments, the order of keys and the spelling
 * of numbers do not count, while `1` and `1.0`, or an empty table and none, are different.
 *
 * @returns `sha256:` and the hexadecimal SHA-256 of {@link canonicalJson} in UTF-8
 */
export function fingerprint(config: TomlTable): string {
  return `sha256:${hash('sha256', canonicalJson(config))}`
}

/**
 * The one text of a value: JSON without white space, keys in the order of their code points, integers exact, floats always
 * told from integers, NaN and the infinities as `null`, a date as an object with one key (spec 07 §7).
 */
export function canonicalJson(value: TomlValue): string {
  if (typeof value === 'string') return canonicalString(value)
  if (typeof value === 'number') return canonicalFloat(value)
  if (typeof value !== 'object') return String(value)
  if (isTable(value)) return canonicalTable(value)
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  return `{"${DATETIME_KEY}":${canonicalString(value.text)}}`
}

/** A float as text: the shortest digits that read back as the same number, with a fraction or an exponent in any case. */
export function canonicalFloat(value: number): string {
  if (!Number.isFinite(value)) return 'null'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const size = Math.abs(value)
  if (size < 1e-5 || size >= 1e16) return value.toExponential()
  return Number.isInteger(value) ? `${String(value)}.0` : String(value)
}

// Most strings are short and plain, and JSON.stringify costs more to call than they cost to look through.
const PLAIN_LENGTH = 64

function canonicalString(text: string): string {
  return text.length <= PLAIN_LENGTH && isPlain(text) ? `"${text}"` : JSON.stringify(text)
}

function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return false
  }
  return true
}

function canonicalTable(table: TomlTable): string {
  let text = ''
  for (const key of sortedKeys(table)) {
    const value = table.get(key)
    if (value === undefined) continue
    text += `${text === '' ? '' : ','}${canonicalString(key)}:${canonicalJson(value)}`
  }
  return `{${text}}`
}

// UTF-16 order, which is what sort() does, differs from the order of code points only where surrogates are involved.
const SURROGATE_OR_ABOVE = /[\uD800-\uFFFF]/

function sortedKeys(table: TomlTable): readonly string[] {
  const keys = [...table.keys()]
  return keys.some((key) => SURROGATE_OR_ABOVE.test(key)) ? keys.sort(byCodePoint) : keys.sort()
}

function byCodePoint(one: string, other: string): number {
  const length = Math.min(one.length, other.length)
  for (let index = 0; index < length; index += 1) {
    const difference = rank(one.charCodeAt(index)) - rank(other.charCodeAt(index))
    if (difference !== 0) return difference
  }
  return one.length - other.length
}

/** Moves the surrogates behind every other unit, where the code points that they spell belong. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
