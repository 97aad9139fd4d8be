import type { KeyAlias } from '#layers/rules.ts'
import { isArray, isTable, type TomlTable, type TomlValue } from '#layers/value.ts'

/**
 * Gives every key its canonical spelling. A table that has both spellings keeps the canonical one with its value; a renamed
 * key keeps its place. What has no legacy spelling is shared with the given table, not copied.
 */
export function renameAliases(config: TomlTable, aliases: readonly KeyAlias[]): TomlTable {
  return aliases.reduce((table, alias) => renameInTable(table, alias, 0), config)
}

/** @param depth how many segments of the alias' path lead to `value` */
function rename(value: TomlValue, alias: KeyAlias, depth: number): TomlValue {
  if (isTable(value)) return renameInTable(value, alias, depth)
  // The tables of an array stand at the path of the array: indices are no segments.
  return isArray(value) ? renameInArray(value, alias, depth) : value
}

function renameInTable(table: TomlTable, alias: KeyAlias, depth: number): TomlTable {
  const key = alias.table[depth]
  if (key === undefined) return renameKey(table, alias)
  const child = table.get(key)
  if (child === undefined) return table
  const renamed = rename(child, alias, depth + 1)
  return renamed === child ? table : new Map(table).set(key, renamed)
}

function renameInArray(array: readonly TomlValue[], alias: KeyAlias, depth: number): readonly TomlValue[] {
  const renamed = array.map((item) => rename(item, alias, depth))
  return renamed.some((item, index) => item !== array[index]) ? renamed : array
}

function renameKey(table: TomlTable, { legacy, canonical }: KeyAlias): TomlTable {
  if (!table.has(legacy)) return table
  const hasBoth = table.has(canonical)
  const renamed = new Map<string, TomlValue>()
  for (const [key, value] of table) {
    if (key !== legacy) renamed.set(key, value)
    else if (!hasBoth) renamed.set(canonical, value)
  }
  return renamed
}
