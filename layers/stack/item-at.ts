import { isArray, isTable, type TomlTable, type TomlValue } from '#layers/value.ts'

// What the CLI reads as an index, signs included.
const INDEX = /^(?:\+?\d{1,15}|-0+)$/

/** The value at a path that may go through arrays by decimal indices, or undefined where there is none. */
export function itemAt(table: TomlTable, path: readonly string[]): TomlValue | undefined {
  let value: TomlValue | undefined = table
  for (const key of path) {
    if (isTable(value)) value = value.get(key)
    else if (isArray(value) && INDEX.test(key)) value = value[Number(key)]
    else return undefined
  }
  return value
}
