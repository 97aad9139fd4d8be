import { LayersError } from '#layers/errors.ts'
import { formatKeyPath } from '#layers/key-path.ts'
import { POLICY_KEY, withoutOtherSpelling } from '#layers/merge/environment-filters.ts'
import { mergeTomlValues } from '#layers/merge/merge.ts'
import { asSwitchTable, switchOn } from '#layers/merge/switches.ts'
import type { LayerRules } from '#layers/rules.ts'
import { EMPTY_TABLE, isArray, isTable, valueAt, type TomlTable, type TomlValue } from '#layers/value.ts'

/** How a table is laid over one that is there: in its place, or merged into it. Anything else is replaced in any case. */
export type MergeStrategy = 'replace' | 'upsert'

/** An edit whose key path was taken apart and whose value was read. */
export interface TableEdit {
  /** Never empty. */
  readonly path: readonly string[]
  /** null deletes. */
  readonly value: TomlValue | null
  readonly mergeStrategy: MergeStrategy
}

/**
 * A table after one edit (spec 07 §14). Missing parents are made; a scalar that stands where a table must be is replaced
 * if it is not the direct parent. The table itself comes back when there is nothing to delete.
 *
 * @throws LayersError `configValidationError` when an array, or the direct parent, is in the way; `configPathNotFound` for
 *   a deletion below a table that is not there, under rules that refuse it
 */
export function editTable(table: TomlTable, edit: TableEdit, rules: LayerRules): TomlTable {
  const { value } = edit
  const path = spelledAsIn(table, edit, rules)
  if (value === null) return deleteAt(table, path, rules)
  const atSwitch = editAtSwitch(table, { ...edit, path }, rules)
  if (atSwitch !== null) return atSwitch
  refuseParents(table, path)
  return edit.mergeStrategy === 'upsert' ? upsertAt(table, { path, value }, rules) : setAt(table, path, value)
}

/** An edit of one spelling of a switch by the other: both are kept, as between layers. null for any other edit. */
function editAtSwitch(table: TomlTable, edit: TableEdit, rules: LayerRules): TomlTable | null {
  const { path, value } = edit
  const found = switchOn(table, path, rules.switches)
  if (found === null) return null
  const { at, key, value: old } = found
  const isBelow = path.length > at.length
  if (isTable(old) && !isBelow && typeof value === 'boolean') {
    return editTable(table, { ...edit, path: [...at, key] }, rules)
  }
  if (typeof old !== 'boolean' || !(isBelow || (value !== null && isTable(value)))) return null
  const mergeStrategy = isBelow ? edit.mergeStrategy : 'upsert'
  return editTable(setAt(table, at, asSwitchTable(old, { key })), { ...edit, mergeStrategy }, rules)
}

/** The path of the table that a change is all in: the path that was edited, or a parent if its neighbours changed as well. */
export function changedPath(before: TomlTable, after: TomlTable, path: readonly string[]): readonly string[] {
  let [one, other]: [TomlTable, TomlTable] = [before, after]
  for (const [depth, key] of path.entries()) {
    if (!sameBut(one, other, key)) return path.slice(0, Math.max(depth, 1))
    const [below, above] = [one.get(key), other.get(key)]
    if (!isTable(above)) return path
    if (!isTable(below))
      return below !== undefined && isMoreThan(above, path.slice(depth + 1)) ? path.slice(0, depth + 1) : path
    one = below
    other = above
  }
  return path
}

/** Whether a table holds something beside a path, or has the path's end right in it: so does a switch that became one. */
function isMoreThan(table: TomlTable, path: readonly string[]): boolean {
  return table.size > 1 || path.length === 1
}

/** Compares by identity, which is enough: what an edit does not touch is shared. NaN is itself here. */
function sameBut(one: TomlTable, other: TomlTable, key: string): boolean {
  const differs = (table: TomlTable, against: TomlTable): boolean =>
    [...table].some(([each, value]) => each !== key && !Object.is(against.get(each), value))
  return !differs(one, other) && !differs(other, one)
}

/**
 * The path with its keys as the table spells them, where the CLI finds them in another spelling too: a name of a variable
 * in any case. Not for host names, and not when a value is replaced: there the CLI is exact.
 */
function spelledAsIn(table: TomlTable, edit: TableEdit, rules: LayerRules): readonly string[] {
  const { path } = edit
  if (edit.value !== null && edit.mergeStrategy === 'replace') return path
  return spelledPath(table, path, rules)
}

/** See {@link spelledAsIn}; used for looking as well. */
export function spelledPath(table: TomlTable, path: readonly string[], rules: LayerRules): readonly string[] {
  const form = rules.keyForms.find(
    (each) =>
      each.form === 'lower-case' &&
      each.table.length === path.length - 1 &&
      each.table.every((key, depth) => key === '*' || key === path[depth]),
  )
  const name = path.at(-1)
  const parent = form === undefined ? undefined : valueAt(table, path.slice(0, -1))
  if (name === undefined || !isTable(parent) || parent.has(name)) return path
  const wanted = name.toLowerCase()
  const spelled = [...parent.keys()].find((key) => key.toLowerCase() === wanted)
  return spelled === undefined ? path : [...path.slice(0, -1), spelled]
}

/** Merges as between layers where both are tables; what a layer above would end, the value ends as well. */
function upsertAt(
  table: TomlTable,
  { path, value }: { readonly path: readonly string[]; readonly value: TomlValue },
  rules: LayerRules,
): TomlTable {
  const overlay = nest(path, value)
  if (isTable(value) && isTable(valueAt(table, path))) {
    // An edit says what an array is to be, not what is to be added to it.
    const merged = mergeTomlValues(table, overlay, { ...rules, arrays: 'replaced' })
    return isTable(merged) ? merged : table
  }
  const [old, edited] = [table.get(POLICY_KEY), isTable(overlay) ? overlay.get(POLICY_KEY) : undefined]
  if (!rules.mergesEnvironmentFilters || !isTable(old) || !isTable(edited)) return setAt(table, path, value)
  const policy = withoutOtherSpelling(old, edited)
  return setAt(policy === old ? table : new Map(table).set(POLICY_KEY, policy), path, value)
}

function nest(path: readonly string[], value: TomlValue): TomlValue {
  return path.reduceRight<TomlValue>((inner, key) => new Map([[key, inner]]), value)
}

function deleteAt(table: TomlTable, path: readonly string[], rules: LayerRules): TomlTable {
  const parents = path.slice(0, -1)
  const key = path.at(-1) ?? ''
  const parent = valueAt(table, parents)
  if (!isTable(parent)) {
    if (rules.deleteBelowNothing === 'ok') return table
    throw new LayersError('configPathNotFound', 'Path not found')
  }
  if (!parent.has(key)) return table
  const rest = new Map(parent)
  rest.delete(key)
  return parents.length === 0 ? rest : setAt(table, parents, rest)
}

/** Puts a value at a path; what is no table on the way there makes room for one. */
function setAt(table: TomlTable, path: readonly string[], value: TomlValue): TomlTable {
  const [key, ...rest] = path
  if (key === undefined) return table
  if (rest.length === 0) return new Map(table).set(key, value)
  const next = table.get(key)
  return new Map(table).set(key, setAt(isTable(next) ? next : EMPTY_TABLE, rest, value))
}

/**
 * Refuses a path with something in the way. The CLI replaces an array on the way to a longer path by a table and so loses
 * all of it; that is refused here.
 */
function refuseParents(table: TomlTable, path: readonly string[]): void {
  for (let length = 1; length < path.length; length += 1) {
    const parents = path.slice(0, length)
    const parent = valueAt(table, parents)
    if (parent === undefined) return
    if (!isTable(parent)) refuseParent(parent, { parents, isDirect: length === path.length - 1 })
  }
}

function refuseParent(parent: TomlValue, at: { parents: readonly string[]; isDirect: boolean }): void {
  if (at.isDirect) throw new LayersError('configValidationError', 'cannot set value on non-table parent')
  if (!isArray(parent)) return
  throw new LayersError(
    'configValidationError',
    `expected a table at ${formatKeyPath(at.parents)}, which is an array and would be lost: set the whole array instead`,
  )
}
