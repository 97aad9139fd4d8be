import type { Origin } from '#layers/layer.ts'
import { sameValue, type TomlValue } from '#layers/value.ts'

import { leavesOf } from './explain.ts'
import { layerTitle } from './layer-title.ts'
import type { StackView } from './stack-view.ts'

/** What applies at a key, and by whom. */
export interface AppliedValue {
  readonly value: TomlValue
  readonly origin: Origin
}

/** A key whose value or whose layer is another one. null: nothing applies there. */
export interface StackDiffRow {
  readonly key: string
  readonly before: AppliedValue | null
  readonly after: AppliedValue | null
}

/** What applies differently in two stacks. */
export interface StackDiff {
  /** Keys of the first stack in its order, then those that only the second has. */
  readonly rows: readonly StackDiffRow[]
}

/**
 * Compares leaf by leaf what applies in two stacks and who supplies it. A layer whose version changed is the same layer:
 * only keys that have another value, or come from another source, are listed.
 */
export function diffStacks(before: StackView, after: StackView): StackDiff {
  const old = appliedValues(before)
  const now = appliedValues(after)
  const rows = [...new Set([...old.keys(), ...now.keys()])].map((key) => ({
    key,
    before: old.get(key) ?? null,
    after: now.get(key) ?? null,
  }))
  return { rows: rows.filter((row) => !isSame(row.before, row.after)) }
}

function appliedValues(stack: StackView): ReadonlyMap<string, AppliedValue> {
  const live = stack.liveOrigins()
  const applied = new Map<string, AppliedValue>()
  for (const { key, value } of leavesOf(stack.effectiveConfig(), [])) {
    const origin = live.get(key)
    if (origin !== undefined) applied.set(key, { value, origin })
  }
  return applied
}

function isSame(one: AppliedValue | null, other: AppliedValue | null): boolean {
  if (one === null || other === null) return one === other
  return sameValue(one.value, other.value) && layerTitle(one.origin.name) === layerTitle(other.origin.name)
}
