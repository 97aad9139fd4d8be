import type { LayerRules } from '#layers/rules.ts'
import { EMPTY_TABLE, isArray, isTable, valueAt, type TomlTable, type TomlValue } from '#layers/value.ts'

import { renameAliases } from './aliases.ts'
import { withoutOtherSpelling } from './environment-filters.ts'
import { joinArrays } from './joined-arrays.ts'
import { tableInForm } from './key-forms.ts'
import { mergePoints, pointBelow, type MergePoint } from './merge-points.ts'
import { metAtSwitch } from './switches.ts'

/** The part of a release's rules that a merge asks for. */
export type MergeRules = Pick<
  LayerRules,
  'aliases' | 'keyForms' | 'switches' | 'mergesEnvironmentFilters' | 'arrays' | 'replacedWhole'
>

/**
 * Lays one value over another: tables merge key by key, everything else replaces what was below it, arrays included unless
 * the rules join them. An empty table over a table changes nothing.
 *
 * With `rules`, `base` and `overlay` are whole configurations: keys are renamed where the two tables meet and in all of
 * `overlay`. Neither is changed; what only one of them has is shared with the result.
 */
export function mergeTomlValues(base: TomlValue, overlay: TomlValue, rules?: MergeRules): TomlValue {
  if (!isTable(base) || !isTable(overlay) || rules === undefined) return new Merge(null).values(base, overlay)
  const upper = renameAliases(overlay, rules.aliases)
  const met = rules.aliases.filter((alias) => isTable(valueAt(upper, alias.table)))
  return new Merge(mergePoints(rules), rules.arrays).values(renameAliases(base, met), upper)
}

/**
 * The effective configuration of layers.
 *
 * @param layers the lowest first
 * @returns the tables merged, every key in its canonical spelling; empty without layers
 */
export function mergeLayers(layers: readonly TomlTable[], rules: MergeRules): TomlTable {
  const merge = new Merge(mergePoints(rules), rules.arrays)
  const [lowest = EMPTY_TABLE, ...higher] = layers.map((layer) => renameAliases(layer, rules.aliases))
  return higher.reduce((base, overlay) => merge.tables({ base, overlay, point: merge.root }), lowest)
}

/** Two tables that meet. */
interface Meeting {
  readonly base: TomlTable
  readonly overlay: TomlTable
  readonly point: MergePoint | null
}

/** One run over any number of layers. Remembers the tables that it made, which alone it may change in place. */
class Merge {
  readonly root: MergePoint | null
  readonly #joinsArrays: boolean
  readonly #made = new Map<TomlTable, Map<string, TomlValue>>()

  constructor(root: MergePoint | null, arrays: MergeRules['arrays'] = 'replaced') {
    this.root = root
    this.#joinsArrays = arrays === 'joined'
  }

  values(base: TomlValue, overlay: TomlValue): TomlValue {
    return isTable(base) && isTable(overlay) ? this.tables({ base, overlay, point: this.root }) : overlay
  }

  tables(meeting: Meeting): TomlTable {
    const { base, overlay, point } = meeting.point === null ? meeting : prepared(meeting)
    if (overlay.size === 0) return base
    const merged = this.#own(base)
    for (const [key, above] of overlay) {
      const below = merged.get(key)
      const result = this.#meet(below, above, pointBelow(point, key))
      if (result !== below) merged.set(key, result)
    }
    return merged
  }

  #meet(lower: TomlValue | undefined, upper: TomlValue, point: MergePoint | null): TomlValue {
    if (point?.isWhole === true) return upper
    const [below, above] = point === null ? [lower, upper] : metAtSwitch(lower, upper, point.switch)
    if (isTable(below) && isTable(above)) return this.tables({ base: below, overlay: above, point })
    return this.#joinsArrays && isArray(below) && isArray(above) ? joinArrays(below, above) : above
  }

  #own(table: TomlTable): Map<string, TomlValue> {
    const known = this.#made.get(table)
    if (known !== undefined) return known
    const made = new Map(table)
    this.#made.set(made, made)
    return made
  }
}

/** Brings two tables that meet at a place with rules of its own into forms that can be merged key by key. */
function prepared({ base, overlay, point }: Meeting): Meeting {
  const matched = point?.isEnvironmentPolicy === true ? withoutOtherSpelling(base, overlay) : base
  const form = point?.form ?? null
  if (form === null) return { base: matched, overlay, point }
  return { base: tableInForm(matched, form), overlay: tableInForm(overlay, form), point }
}
