import {
  DATETIME_KEY,
  isArray,
  isTable,
  kindOf,
  type TomlDatetime,
  type TomlTable,
  type TomlValue,
} from '#layers/value.ts'

import { readDatetime } from './datetimes.ts'
import { syntaxError } from './faults.ts'
import { locateSpan } from './locate.ts'
import type { TomlSyntax } from './syntax.ts'

/**
 * Turns tables into the dates that they stand for: the reference takes a table whose first key is the private name of
 * dates for a date and forgets its other keys (spec 07 §3).
 *
 * @throws LayersError `configSyntaxError` where such a key holds no date, or stands at the top, where only a table can be
 */
export function replaceDatetimeTables(syntax: TomlSyntax, root: TomlTable): TomlTable {
  const replaced = replaceIn(syntax, root, [])
  if (isTable(replaced)) return replaced
  return refuse(syntax, [DATETIME_KEY], 'expected settings at the top of the text, got a date')
}

function replaceIn(syntax: TomlSyntax, value: TomlValue, path: readonly string[]): TomlValue {
  if (isArray(value)) return value.map((item, index) => replaceIn(syntax, item, [...path, String(index)]))
  if (!isTable(value)) return value
  const [first] = value
  if (first?.[0] === DATETIME_KEY) return toDatetime(syntax, first[1], [...path, DATETIME_KEY])
  return new Map([...value].map(([key, item]) => [key, replaceIn(syntax, item, [...path, key])]))
}

function toDatetime(syntax: TomlSyntax, value: TomlValue, path: readonly string[]): TomlDatetime {
  if (typeof value !== 'string')
    return refuse(syntax, path, `expected a date as a string, got a value of kind ${kindOf(value)}`)
  return (
    readDatetime(value) ?? refuse(syntax, path, 'expected a date or a time in the string, got other text')
  )
}

function refuse(syntax: TomlSyntax, path: readonly string[], reason: string): never {
  const span = locateSpan(syntax, path) ?? { start: 0, end: 0 }
  throw syntaxError(syntax.text, { start: span.start, end: span.end, reason, code: 'configSyntaxError' })
}
