import { LayersError } from '#layers/errors.ts'
import { formatKeyPath } from '#layers/key-path.ts'
import { readDatetime } from '#layers/toml/datetimes.ts'
import { DATETIME_KEY, type TomlDatetime, type TomlTable, type TomlValue } from '#layers/value.ts'

import type { JsonObject, JsonValue } from './read.ts'

const LEAST_INTEGER = -(2n ** 63n)
const GREATEST_INTEGER = 2n ** 63n - 1n

/**
 * What a JSON value is as a setting: an integer literal an integer, any other number a float, an object with the one key
 * {@link DATETIME_KEY} a date.
 *
 * @throws LayersError `configValidationError` for a null at any depth, an integer beyond 64 bits and a date that is none;
 *   the reason names the path below the value
 */
export function toTomlValue(json: JsonValue): TomlValue {
  return convert(json, [])
}

function convert(json: JsonValue, path: readonly string[]): TomlValue {
  if (json === null) throw invalid('expected a value, got null', path)
  if (json instanceof Map) return convertObject(json, path)
  if (Array.isArray(json))
    return json.map((item: JsonValue, index) => convert(item, [...path, String(index)]))
  if (typeof json === 'bigint' && (json < LEAST_INTEGER || json > GREATEST_INTEGER)) {
    throw invalid('expected an integer that 64 bits can hold, got one beyond', path)
  }
  return json as Exclude<typeof json, JsonObject | readonly JsonValue[]>
}

function convertObject(object: JsonObject, path: readonly string[]): TomlTable | TomlDatetime {
  if (object.has(DATETIME_KEY)) return convertDatetime(object, path)
  const table = new Map<string, TomlValue>()
  for (const [key, value] of object) table.set(key, convert(value, [...path, key]))
  return table
}

function convertDatetime(object: JsonObject, path: readonly string[]): TomlDatetime {
  const text = object.get(DATETIME_KEY)
  // A file with other keys beside it would be read back as the date alone.
  if (object.size > 1) throw invalid('expected a date without other keys, got a table', path)
  const datetime = typeof text === 'string' ? readDatetime(text) : null
  if (datetime === null) throw invalid('expected a date or a time, got something else', path)
  return datetime
}

function invalid(reason: string, path: readonly string[]): LayersError {
  const place = path.length === 0 ? '' : ` at ${formatKeyPath(path)}`
  return new LayersError('configValidationError', `${reason}${place}`)
}
