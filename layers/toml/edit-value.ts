import { mergeTomlValues } from '#layers/merge/merge.ts'
import { EMPTY_TABLE, isTable, valueAt, type TomlTable, type TomlValue } from '#layers/value.ts'

/** One change of a table. A value of null deletes; `upsert` merges a table into a table and else replaces. */
export interface TomlEdit {
  /** At least one key. */
  readonly path: readonly string[]
  readonly value: TomlValue | null
  readonly mergeStrategy: 'replace' | 'upsert'
}

/** The table after an edit: what the edited text has to mean. Without anything to delete it is the very same table. */
export function editValue(table: TomlTable, { path, value, mergeStrategy }: TomlEdit): TomlTable {
  const old = valueAt(table, path)
  if (value === null) return old === undefined ? table : removeAt(table, path)
  const isMerged = mergeStrategy === 'upsert' && old !== undefined
  return setAt(table, path, isMerged ? mergeTomlValues(old, value) : value)
}

function setAt(table: TomlTable, path: readonly string[], value: TomlValue): TomlTable {
  const [key = '', ...rest] = path
  if (rest.length === 0) return new Map(table).set(key, value)
  const below = table.get(key)
  return new Map(table).set(key, setAt(isTable(below) ? below : EMPTY_TABLE, rest, value))
}

function removeAt(table: TomlTable, path: readonly string[]): TomlTable {
  const [key = '', ...rest] = path
  const copy = new Map(table)
  const below = table.get(key)
  if (rest.length > 0 && isTable(below)) copy.set(key, removeAt(below, rest))
  else copy.delete(key)
  return copy
}
