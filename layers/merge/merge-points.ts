import type { KeyForm, LayerRules, Switch } from '#layers/rules.ts'

import { POLICY_KEY } from './environment-filters.ts'

/** What is particular to a place in the tree of keys, and to the places below it. */
export interface MergePoint {
  readonly form: KeyForm['form'] | null
  readonly isEnvironmentPolicy: boolean
  /** What is here is replaced whole. */
  readonly isWhole: boolean
  readonly switch: Switch | null
  /** By key; `*` stands for every key that has no entry of its own. */
  readonly below: ReadonlyMap<string, MergePoint>
}

/** The places where a merge does more than to compare keys. Null when there are none, which spares looking for them. */
export function mergePoints(
  rules: Pick<LayerRules, 'keyForms' | 'switches' | 'mergesEnvironmentFilters' | 'replacedWhole'>,
): MergePoint | null {
  const { keyForms, switches, mergesEnvironmentFilters, replacedWhole } = rules
  if (keyForms.length + switches.length + replacedWhole.length === 0 && !mergesEnvironmentFilters) return null
  const root = emptyPoint()
  for (const { table, form } of keyForms) pointAt(root, table).form = form
  for (const each of switches) pointAt(root, each.path).switch = each
  for (const path of replacedWhole) pointAt(root, path).isWhole = true
  if (mergesEnvironmentFilters) pointAt(root, [POLICY_KEY]).isEnvironmentPolicy = true
  return root
}

/** The place below a place, or null where nothing particular is left. */
export function pointBelow(point: MergePoint | null, key: string): MergePoint | null {
  return point === null ? null : (point.below.get(key) ?? point.below.get('*') ?? null)
}

interface PointDraft {
  form: KeyForm['form'] | null
  isEnvironmentPolicy: boolean
  isWhole: boolean
  switch: Switch | null
  readonly below: Map<string, PointDraft>
}

function emptyPoint(): PointDraft {
  return { form: null, isEnvironmentPolicy: false, isWhole: false, switch: null, below: new Map() }
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
