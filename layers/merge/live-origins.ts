import { formatSegment } from '#layers/key-path.ts'
import type { ConfigLayer, Origin } from '#layers/layer.ts'
import { isArray, isTable, type TomlTable } from '#layers/value.ts'

import { highestThatAdds } from './joined-arrays.ts'
import { tableInForm } from './key-forms.ts'
import { enabledTables, type LayerTable } from './layer-tables.ts'
import { mergePoints, pointBelow, type MergePoint } from './merge-points.ts'
import type { MergeRules } from './merge.ts'
import { asSwitchTable } from './switches.ts'

/**
 * Who supplies each leaf that applies. A leaf is everything but a table with keys: an array is one, as it is replaced as a
 * whole, and so is an empty table. Each has exactly one entry, in the order of the effective configuration, under its path
 * as `formatKeyPath` writes it.
 *
 * @param effective what `mergeLayers` makes of the layers
 * @param layers lowest first; disabled ones count for nothing
 */
export function liveOrigins(
  effective: TomlTable,
  layers: readonly ConfigLayer[],
  rules: MergeRules,
): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>()
  const sources = enabledTables(layers, rules).toReversed()
  const joinsArrays = rules.arrays === 'joined'
  collectLive(origins, { table: effective, prefix: '', sources, point: mergePoints(rules), joinsArrays })
  return origins
}

/** A table of the effective configuration and the tables of the layers at the same place. */
interface Place {
  readonly table: TomlTable
  /** Text of the path with a dot at its end; empty for the top level. */
  readonly prefix: string
  /** Highest first. */
  readonly sources: readonly LayerTable[]
  readonly point: MergePoint | null
  readonly joinsArrays: boolean
}

/**
 * The highest layer that has a leaf is the one that supplies it: had a layer in between replaced a table above the leaf, only
 * layers above that one could have made it effective again, and then the highest of them is found.
 */
function collectLive(origins: Map<string, Origin>, place: Place): void {
  const sources = bySpelling(place)
  for (const [key, value] of place.table) {
    const path = place.prefix + formatSegment(key)
    const point = pointBelow(place.point, key)
    if (isTable(value) && value.size > 0) {
      const below = tablesBelow(sources, key, point)
      collectLive(origins, { ...place, table: value, prefix: `${path}.`, sources: below, point })
    } else {
      const isJoined = place.joinsArrays && isArray(value) && point?.isWhole !== true
      const supplier = isJoined ? supplierOfItems(sources, key) : sources.find(({ table }) => table.has(key))
      if (supplier !== undefined) origins.set(path, supplier.origin)
    }
  }
}

/** Of an array that is joined, as far down as there are arrays to be joined. */
function supplierOfItems(sources: readonly LayerTable[], key: string): LayerTable | undefined {
  const setting = sources.filter(({ table }) => table.has(key))
  const values = setting.map(({ table }) => table.get(key))
  const other = values.findIndex((value) => !isArray(value))
  const arrays = values.slice(0, other === -1 ? values.length : other).filter(isArray)
  return setting[arrays.length - 1 - highestThatAdds(arrays.toReversed())]
}

/** Where keys are compared in a normal form, the effective configuration may spell them so: both spellings are found. */
function bySpelling({ sources, point }: Place): readonly LayerTable[] {
  const form = point?.form ?? null
  if (form === null) return sources
  return sources.map(({ origin, table }) => ({
    origin,
    table: new Map([...tableInForm(table, form), ...table]),
  }))
}

/** Down to the first that has something else there, or is taken whole: what is further down is replaced. */
function tablesBelow(
  sources: readonly LayerTable[],
  key: string,
  point: MergePoint | null,
): readonly LayerTable[] {
  const spelling = point?.switch ?? null
  const below: LayerTable[] = []
  for (const { origin, table } of sources) {
    const value = table.get(key)
    const child = spelling === null ? value : asSwitchTable(value, spelling)
    if (child === undefined) continue
    if (!isTable(child)) break
    below.push({ origin, table: child })
    if (point?.isWhole === true) break
  }
  return below
}
