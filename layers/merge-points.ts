import { POLICY_KEY } from './environment-filters.ts'
import type { KeyForm, LayerRules } from './rules.ts'

/** What is particular to a place in the tree of keys, and to the places below it. */
export interface MergePoint {
  readonly form: KeyForm['form'] | null
  readonly isEnvironmentPolicy: boolean
  /** By key; `*` stands for every key that has no entry of its own. */
  readonly below: ReadonlyMap<string, MergePoint>
}

/** The places where a merge does more than to compare keys. Null when there are none, which spares looking for them. */
export function mergePoints(
  rules: Pick<LayerRules, 'keyForms' | 'mergesEnvironmentFilters'>,
): MergePoint | null {
  if (rules.keyForms.length === 0 && !rules.mergesEnvironmentFilters) return null
  const root = emptyPoint()
  for (const { table, form } of rules.keyForms) pointAt(root, table).form = form
  if (rules.mergesEnvironmentFilters) pointAt(root, [POLICY_KEY]).isEnvironmentPolicy = true
  return root
}

/** The place below a place, or null where nothing particular is left. */
export function pointBelow(point: MergePoint | null, key: string): MergePoint | null {
  return point === null ? null : (point.below.get(key) ?? point.below.get('*') ?? null)
}

interface PointDraft {
  form: KeyForm['form'] | null
  isEnvironmentPolicy: boolean
  readonly below: Map<string, PointDraft>
}

function emptyPoint(): PointDraft {
  return { form: null, isEnvironmentPolicy: false, below: new Map() }
}

function pointAt(root: PointDraft, path: readonly string[]): PointDraft {
  let point = root
  for (const key of path) {
    const next = point.below.get(key) ?? emptyPoint()
    point.below.set(key, next)
    point = next
  }
  return point
}
