/** A date or time of TOML. `text` is in normal form: see {@link TomlValue}. */
export class TomlDatetime {
  readonly text: string

  /**
   * @param text `1979-05-27T07:32:00Z`, `1979-05-27T07:32:00.999`, `1979-05-27` or `07:32:00`, normalised by who makes it:
   *   `T` between date and time, `Z` in upper case, seconds present, at most nine digits of fraction without trailing zeros,
   *   the offset as written and never `-00:00`
   */
  constructor(text: string) {
    this.text = text
  }

  /** JSON has no dates: text, as everywhere else. */
  toJSON(): string {
    return this.text
  }
}

/** A value that holds no other value. */
export type TomlScalar = string | bigint | number | boolean | TomlDatetime

/**
 * A value of a configuration, with nothing lost.
 *
 * A `bigint` is an integer and a `number` is a float, so `1` and `1.0` stay two things. A table is a map, so `__proto__` is
 * an ordinary key, the order of keys is kept and `"10"` is not moved before `"b"`. Values are never changed in place.
 */
export type TomlValue = TomlScalar | readonly TomlValue[] | TomlTable

/** Keys in the order of the text. */
export type TomlTable = ReadonlyMap<string, TomlValue>

/** The kinds of value in the words that messages use. */
export type TomlKind = 'string' | 'integer' | 'float' | 'boolean' | 'datetime' | 'array' | 'table'

/** The key under which a date appears where a document can hold nothing but JSON, as in what a version is made of. */
export const DATETIME_KEY = '$__toml_private_datetime'

/** A table without keys. One for all, because nobody changes a table in place. */
export const EMPTY_TABLE: TomlTable = new Map()

/** Tells a table from every other value. */
export function isTable(value: TomlValue | undefined): value is TomlTable {
  return value instanceof Map
}

/** Tells an array from every other value. */
export function isArray(value: TomlValue | undefined): value is readonly TomlValue[] {
  return Array.isArray(value)
}

/** Names what a value is, as messages do. */
export function kindOf(value: TomlValue): TomlKind {
  if (isTable(value)) return 'table'
  if (isArray(value)) return 'array'
  if (value instanceof TomlDatetime) return 'datetime'
  switch (typeof value) {
    case 'bigint':
      return 'integer'
    case 'number':
      return 'float'
    case 'boolean':
      return 'boolean'
    default:
      return 'string'
  }
}

/** Says whether two values are the same value: kind, number, order of an array; not the order of keys. NaN equals NaN. */
export function sameValue(one: TomlValue, other: TomlValue): boolean {
  if (isTable(one)) return isTable(other) && sameTable(one, other)
  if (isArray(one)) {
    return (
      isArray(other) &&
      one.length === other.length &&
      one.every((item, index) => sameItem(item, other[index]))
    )
  }
  if (one instanceof TomlDatetime) return other instanceof TomlDatetime && one.text === other.text
  return Object.is(one, other)
}

/** As {@link sameValue}, where a value may be absent: two that are both absent are the same. */
export function sameOrAbsent(one: TomlValue | undefined, other: TomlValue | undefined): boolean {
  return one === undefined || other === undefined ? one === other : sameValue(one, other)
}

function sameTable(one: TomlTable, other: TomlTable): boolean {
  if (one.size !== other.size) return false
  for (const [key, value] of one) {
    if (!sameItem(value, other.get(key))) return false
  }
  return true
}

function sameItem(one: TomlValue, other: TomlValue | undefined): boolean {
  return other !== undefined && sameValue(one, other)
}

/** The value at a path, or undefined where there is none. An array has no keys: nothing is found below one. */
export function valueAt(table: TomlTable, path: readonly string[]): TomlValue | undefined {
  let value: TomlValue | undefined = table
  for (const key of path) {
    if (!isTable(value)) return undefined
    value = value.get(key)
  }
  return value
}
