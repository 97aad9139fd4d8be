import type { Switch } from '#layers/rules.ts'
import { itemAt } from '#layers/stack/item-at.ts'
import { EMPTY_TABLE, isTable, valueAt, type TomlTable, type TomlValue } from '#layers/value.ts'

/** A value at a switch as the table that it stands for: a boolean becomes one, everything else stays. */
export function asSwitchTable<Value extends TomlValue | undefined>(
  value: Value,
  { key }: Pick<Switch, 'key'>,
): Value | TomlTable {
  return typeof value === 'boolean' ? new Map([[key, value]]) : value
}

/** Brings the two spellings that meet at a switch into one: a boolean beside a table becomes a table, two alike stay. */
export function metAtSwitch(
  below: TomlValue | undefined,
  above: TomlValue,
  spelling: Pick<Switch, 'key'> | null,
): readonly [TomlValue | undefined, TomlValue] {
  if (spelling === null) return [below, above]
  if (isTable(below)) return [below, asSwitchTable(above, spelling)]
  return isTable(above) ? [asSwitchTable(below, spelling), above] : [below, above]
}

/** The switch that is at a path or above it, and what a table has there. */
export function switchOn(
  table: TomlTable,
  path: readonly string[],
  switches: readonly Switch[],
): { readonly at: readonly string[]; readonly key: string; readonly value: TomlValue | undefined } | null {
  const found = switches.find(({ path: pattern }) => isAtOrBelow(path, pattern))
  if (found === undefined) return null
  const at = path.slice(0, found.path.length)
  return { at, key: found.key, value: valueAt(table, at) }
}

/** Like `itemAt`, and finds the boolean of a switch under the path that it has in the table as well. */
export function settingAt(
  table: TomlTable,
  path: readonly string[],
  switches: readonly Switch[],
): TomlValue | undefined {
  const found = switchOn(table, path, switches)
  const isKeyOf = found !== null && path.length === found.at.length + 1 && path.at(-1) === found.key
  return isKeyOf && typeof found.value === 'boolean' ? found.value : itemAt(table, path)
}

/** The path that says whether a value at a switch took effect: that of its boolean in a table. Others are what they are. */
export function settingPath(
  path: readonly string[],
  value: TomlValue | null,
  switches: readonly Switch[],
): readonly string[] {
  const found = typeof value === 'boolean' ? switchOn(EMPTY_TABLE, path, switches) : null
  return found?.at.length === path.length ? [...path, found.key] : path
}

/** A configuration with every boolean at a switch as the table that it stands for. */
export function withSwitchTables(config: TomlTable, switches: readonly Switch[]): TomlTable {
  return switches.reduce((table, each) => expandInTable(table, each, 0), config)
}

/** Paths of the booleans that the reference also names under their own path. */
export function booleansThatStay(
  config: TomlTable,
  switches: readonly Switch[],
): readonly (readonly string[])[] {
  return switches.flatMap(({ path, keepsOrigin }) => (keepsOrigin ? booleansAt(config, path) : []))
}

function booleansAt(
  value: TomlValue | undefined,
  pattern: readonly string[],
  parents: readonly string[] = [],
): readonly (readonly string[])[] {
  const [key, ...rest] = pattern
  if (key === undefined) return typeof value === 'boolean' ? [parents] : []
  if (!isTable(value)) return []
  return keysOf(value, key).flatMap((each) => booleansAt(value.get(each), rest, parents.concat(each)))
}

/** @param depth how many segments of the switch' path lead to the table */
function expandInTable(table: TomlTable, each: Switch, depth: number): TomlTable {
  const pattern = each.path[depth] ?? ''
  const isLast = depth === each.path.length - 1
  let expanded: Map<string, TomlValue> | null = null
  for (const key of keysOf(table, pattern)) {
    const value = table.get(key)
    const inner = isTable(value) && !isLast ? expandInTable(value, each, depth + 1) : value
    const after = isLast ? asSwitchTable(value, each) : inner
    if (after === undefined || after === value) continue
    expanded ??= new Map(table)
    expanded.set(key, after)
  }
  return expanded ?? table
}

function keysOf(table: TomlTable, pattern: string): readonly string[] {
  if (pattern === '*') return [...table.keys()]
  return table.has(pattern) ? [pattern] : []
}

function isAtOrBelow(path: readonly string[], pattern: readonly string[]): boolean {
  return path.length >= pattern.length && pattern.every((key, depth) => key === '*' || key === path[depth])
}
