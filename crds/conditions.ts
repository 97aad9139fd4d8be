import type { UserRuntimeConfigCondition } from './types/user-runtime-config.ts'

/** One standard condition; the same shape in every kind. */
export type Condition = UserRuntimeConfigCondition

/** A condition about to be set: when it last changed is worked out. */
export type NewCondition = Omit<Condition, 'lastTransitionTime'>

/**
 * Sets one condition in a list, in place of the one with its type or at the end.
 *
 * `lastTransitionTime` is kept while `status` stays the same, and becomes `now` (ISO 8601) when it changes. A condition that
 * is set as it is already gives the same list back, so that an unchanged status can be recognised.
 */
export function setCondition(
  conditions: readonly Condition[],
  next: NewCondition,
  now: string,
): readonly Condition[] {
  const index = conditions.findIndex((condition) => condition.type === next.type)
  const before = conditions[index]
  if (before === undefined) return [...conditions, { ...next, lastTransitionTime: now }]
  if (isSame(before, next)) return conditions
  const lastTransitionTime = before.status === next.status ? before.lastTransitionTime : now
  return conditions.with(index, { ...next, lastTransitionTime })
}

/** Finds the condition of a type. */
export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type)
}

/** Tells whether a condition is there and `True`. */
export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True'
}

/** Takes the condition of a type away; gives the same list back when there is none. */
export function removeCondition(conditions: readonly Condition[], type: string): readonly Condition[] {
  if (findCondition(conditions, type) === undefined) return conditions
  return conditions.filter((condition) => condition.type !== type)
}

function isSame(before: Condition, next: NewCondition): boolean {
  return (
    before.status === next.status &&
    before.reason === next.reason &&
    before.message === next.message &&
    before.observedGeneration === next.observedGeneration
  )
}
