import type { ObjectOf } from '#crds/kinds.ts'
import type { ManagedRuntimeConfigMatchExpression } from '#crds/types/managed-runtime-config.ts'

type ManagedConfig = ObjectOf<'ManagedRuntimeConfig'>

/** A user, as far as a selector asks. */
export interface Selectable {
  readonly name: string
  /** Of the User object; absent: none. */
  readonly labels?: Readonly<Record<string, string>>
}

/** Whose managed configurations are asked for. */
export interface ManagedConfigQuery {
  readonly user: Selectable
  /** Name of the Runtime. */
  readonly runtime: string
}

/**
 * Gives the managed configurations that apply to a user, in the order of their names: of two that set the same key the
 * later one wins. One that is on its way out does not count.
 */
export function managedConfigsOf(
  configs: readonly ManagedConfig[],
  { user, runtime }: ManagedConfigQuery,
): readonly ManagedConfig[] {
  return configs
    .filter(({ spec, metadata }) => spec.runtime === runtime && metadata.deletionTimestamp === undefined)
    .filter((config) => selectsUser(config, user))
    .toSorted((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1))
}

/** Says whether a managed configuration is for a user: everything its selector names has to fit; without one it is for all. */
export function selectsUser({ spec: { selector } }: ManagedConfig, user: Selectable): boolean {
  if (selector === undefined) return true
  const { users, matchLabels = {}, matchExpressions = [] } = selector
  const labels = user.labels ?? {}
  return (
    (users === undefined || users.includes(user.name)) &&
    Object.entries(matchLabels).every(([key, value]) => labelOf(labels, key) === value) &&
    matchExpressions.every((expression) => meets(labels, expression))
  )
}

// As Kubernetes has it: `NotIn` and `DoesNotExist` also select who has no such label.
function meets(
  labels: Readonly<Record<string, string>>,
  { key, operator, values = [] }: ManagedRuntimeConfigMatchExpression,
): boolean {
  const value = labelOf(labels, key)
  if (operator === 'Exists') return value !== undefined
  if (operator === 'DoesNotExist') return value === undefined
  const isListed = value !== undefined && values.includes(value)
  return operator === 'In' ? isListed : !isListed
}

function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}
