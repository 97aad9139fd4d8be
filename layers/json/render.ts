import { canonicalFloat } from '#layers/canonical-writer.ts'
import { isArray, isTable, TomlDatetime, type TomlValue } from '#layers/value.ts'

/**
 * A value as `JSON.stringify` prints it with every digit: integers exact, floats told from integers, a date as its text, NaN
 * and the infinities as null. For printing alone: the numbers of it are no numbers.
 *
 * Objects have no prototype, so that `__proto__` is an ordinary key. Keys that look like an index come first, as in any
 * object of JavaScript.
 */
export function toJson(value: TomlValue): unknown {
  if (isTable(value)) return toObject(value)
  if (isArray(value)) return value.map(toJson)
  if (value instanceof TomlDatetime) return value.text
  if (typeof value === 'bigint') return rawJson(String(value))
  return typeof value === 'number' ? rawJson(canonicalFloat(value)) : value
}

function toObject(table: ReadonlyMap<string, TomlValue>): unknown {
  const object = Object.create(null) as Record<string, unknown>
  for (const [key, value] of table) object[key] = toJson(value)
  return object
}

// Node has it since version 21; the declarations of the language do not know it yet.
const { rawJSON } = JSON as typeof JSON & { readonly rawJSON: (text: string) => unknown }

function rawJson(text: string): unknown {
  return rawJSON(text)
}
