import type { LayerRules } from '#layers/rules.ts'
import { isArray, isTable, sameValue, type TomlValue } from '#layers/value.ts'

/** The part of a release's rules that says how arrays meet. */
export type ArrayRules = Pick<LayerRules, 'arrays' | 'replacedWhole'>

/** Whether the arrays that layers have at a path are joined. */
export function joinsAt(path: readonly string[], { arrays, replacedWhole }: ArrayRules): boolean {
  return arrays === 'joined' && !replacedWhole.some((whole) => isAtOrBelow(path, whole))
}

/** The items of the lower array, then those of the higher one; a scalar that is there already is not added again. */
export function joinArrays(below: readonly TomlValue[], above: readonly TomlValue[]): readonly TomlValue[] {
  const scalars = new Map<TomlValue, true>()
  const isNew = (item: TomlValue): boolean => {
    if (isTable(item) || isArray(item)) return true
    const isKnown = scalars.has(item)
    scalars.set(item, true)
    return !isKnown
  }
  return [...below, ...above].filter(isNew)
}

/**
 * Which of the arrays that are joined has the last word: the highest that adds an item, or of empty ones the highest.
 *
 * @param arrays lowest first, at least one
 * @returns an index
 */
export function highestThatAdds(arrays: readonly (readonly TomlValue[])[]): number {
  const lengths: number[] = []
  let joined: readonly TomlValue[] = []
  for (const array of arrays) {
    joined = joinArrays(joined, array)
    lengths.push(joined.length)
  }
  return joined.length === 0 ? arrays.length - 1 : lengths.indexOf(joined.length)
}

/** Whether every item of an array applies, whatever else does. */
export function holdsItems(effective: TomlValue | undefined, value: TomlValue | undefined): boolean {
  if (!isArray(effective) || !isArray(value)) return false
  return value.every((item) => effective.some((other) => sameValue(item, other)))
}

function isAtOrBelow(path: readonly string[], whole: readonly string[]): boolean {
  return path.length >= whole.length && whole.every((key, index) => key === '*' || key === path[index])
}
