import type { ConfigLayer, Origin } from '#layers/layer.ts'
import { isArray, isTable, type TomlTable, type TomlValue } from '#layers/value.ts'

import { enabledTables, type LayerTable } from './layer-tables.ts'
import type { MergeRules } from './merge.ts'
import { booleansThatStay, withSwitchTables } from './switches.ts'

/**
 * Who supplies a key, as the reference says it (spec 07 §6): every leaf of every layer, the highest layer that has it.
 *
 * Segments are joined with dots and not quoted, items of an array stand under their index, empty tables and arrays leave no
 * entry, and a key whose value a higher layer has replaced by something shorter is still there. `liveOrigins` has none of
 * this.
 *
 * @param layers lowest first; disabled ones count for nothing
 */
export function collectOrigins(
  layers: readonly ConfigLayer[],
  rules: Pick<MergeRules, 'aliases' | 'switches'>,
): ReadonlyMap<string, Origin> {
  const whole = enabledTables(layers, rules)
  const tables = whole.map(({ origin, table }) => ({
    origin,
    table: withSwitchTables(table, rules.switches),
  }))
  const staying = whole.map(({ table }) => booleansThatStay(table, rules.switches))
  if (staying.every((paths) => paths.length === 0)) {
    const together = new NamedLeaves()
    together.addTogether('', tables)
    if (!together.hasAmbiguousName) return together.origins
  }
  return collectInOrder(tables, staying)
}

/** What the reference does: later layers overwrite what earlier ones wrote under a name, whatever the paths of the two are. */
function collectInOrder(
  tables: readonly LayerTable[],
  staying: readonly (readonly (readonly string[])[])[],
): ReadonlyMap<string, Origin> {
  const leaves = new NamedLeaves()
  for (const [index, { origin, table }] of tables.entries()) {
    leaves.add('', table, origin)
    for (const path of staying[index] ?? []) leaves.origins.set(path.join('.'), origin)
  }
  return leaves.origins
}

/** A value that is a table or an array, and whom it comes from. */
interface Branch {
  readonly origin: Origin
  readonly value: TomlTable | readonly TomlValue[]
}

/** Leaves under the names that the reference gives to them. A `prefix` ends with a dot; it is empty for the top level. */
class NamedLeaves {
  readonly origins = new Map<string, Origin>()
  #count = 0

  /** Whether two leaves that were added have one name, such as those of `x."a.b"` and `x.a.b`. */
  get hasAmbiguousName(): boolean {
    return this.#count > this.origins.size
  }

  /** Adds all leaves of one layer. */
  add(prefix: string, value: Branch['value'], origin: Origin): void {
    if (isTable(value)) {
      for (const [key, child] of value) this.#addValue(prefix + key, child, origin)
    } else {
      let index = 0
      for (const item of value) {
        this.#addValue(prefix + String(index), item, origin)
        index += 1
      }
    }
  }

  /**
   * Adds the leaves of tables that stand at one path, a path that several of them have once: names are most of the work.
   *
   * @param tables lowest first, so that keys stand in the order of the files that have them first
   */
  addTogether(prefix: string, tables: readonly LayerTable[]): void {
    for (const [rank, { table }] of tables.entries()) {
      for (const key of table.keys()) {
        if (!isBelow(tables, rank, key)) this.#addMeeting(prefix + key, key, tables)
      }
    }
  }

  #addValue(name: string, value: TomlValue, origin: Origin): void {
    if (isBranch(value)) this.add(`${name}.`, value, origin)
    else this.#addLeaf(name, origin)
  }

  #addLeaf(name: string, origin: Origin): void {
    this.#count += 1
    this.origins.set(name, origin)
  }

  #addMeeting(name: string, key: string, tables: readonly LayerTable[]): void {
    let leaf: Origin | null = null
    let branches: Branch[] | null = null
    for (const { origin, table } of tables) {
      const value = table.get(key)
      if (value === undefined) continue
      if (!isBranch(value)) leaf = origin
      else {
        branches ??= []
        branches.push({ origin, value })
      }
    }
    if (leaf !== null) this.#addLeaf(name, leaf)
    if (branches !== null) this.#addBranches(`${name}.`, branches)
  }

  #addBranches(prefix: string, branches: readonly Branch[]): void {
    const [only] = branches
    if (branches.length > 1) this.addTogether(prefix, branches.map(toTable))
    else if (only !== undefined) this.add(prefix, only.value, only.origin)
  }
}

/** Most values are no objects, and there are many of them. */
function isBranch(value: TomlValue): value is Branch['value'] {
  return typeof value === 'object' && (isTable(value) || isArray(value))
}

function isBelow(tables: readonly LayerTable[], rank: number, key: string): boolean {
  for (let below = 0; below < rank; below += 1) {
    if (tables[below]?.table.has(key) === true) return true
  }
  return false
}

/** The indices of an array are its keys. */
function toTable({ origin, value }: Branch): LayerTable {
  const table = isTable(value) ? value : new Map(value.map((item, index) => [String(index), item]))
  return { origin, table }
}
