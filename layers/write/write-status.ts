import type { ConfigLayer, Origin } from '#layers/layer.ts'
import { POLICY_KEY, withoutOtherSpelling } from '#layers/merge/environment-filters.ts'
import { holdsItems, joinsAt } from '#layers/merge/joined-arrays.ts'
import { settingAt } from '#layers/merge/switches.ts'
import { overrideMessage } from '#layers/stack/layer-title.ts'
import type { StackView } from '#layers/stack/stack-view.ts'
import { isArray, isTable, sameValue, type TomlTable, type TomlValue } from '#layers/value.ts'

import { spelledPath } from './edit-table.ts'

/** Which layer keeps a written value from taking effect, and what applies instead. */
export interface OverriddenMetadata {
  /** A sentence for people, as the CLI words it. */
  readonly message: string
  readonly overridingLayer: Origin
  /** null when nothing applies. */
  readonly effectiveValue: TomlValue | null
}

/**
 * Finds the first of the edited paths where something else applies than what the user layer says now.
 *
 * @param updated the stack after the edits
 * @param paths of the edits, in their order
 */
export function findOverride(
  updated: StackView,
  paths: readonly (readonly string[])[],
): OverriddenMetadata | null {
  const user = updated.userLayer()
  if (user === null) return null
  for (const path of paths) {
    const override = overrideAt(updated, user, path)
    if (override !== null) return override
  }
  return null
}

function overrideAt(
  updated: StackView,
  user: ConfigLayer,
  path: readonly string[],
): OverriddenMetadata | null {
  const { rules } = updated.profile
  const lookUp = (table: TomlTable): TomlValue | undefined =>
    settingAt(table, spelledPath(table, path, rules), rules.switches)
  const wanted = lookUp(user.config)
  const effective = lookUp(updated.effectiveConfig())
  if (isSame(wanted, effective) || (joinsAt(path, rules) && holdsItems(effective, wanted))) return null
  const layers = updated.layersHighToLow()
  const candidates = rules.reportsOverride === 'higher-layer' ? layers.slice(0, layers.indexOf(user)) : layers
  const layer = candidates.find(
    ({ config }) =>
      lookUp(config) !== undefined || (rules.mergesEnvironmentFilters && endsPolicy(config, path)),
  )
  if (layer === undefined) return null
  const { name, version } = layer
  return {
    message: overrideMessage(name),
    overridingLayer: { name, version },
    effectiveValue: effective ?? null,
  }
}

/** Whether a layer spells the policy for variables the other way, which leaves nothing of what is set at the path. */
function endsPolicy(config: TomlTable, [top, ...below]: readonly string[]): boolean {
  const [policy, key] = [config.get(POLICY_KEY), below[0]]
  if (top !== POLICY_KEY || key === undefined || !isTable(policy)) return false
  return withoutOtherSpelling(new Map([[key, true]]), policy).size === 0
}

/** Equality of floats as numbers: NaN is never what was wanted, and the two zeros are one. As the CLI compares. */
function isSame(one: TomlValue | undefined, other: TomlValue | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  if (isTable(one)) return isTable(other) && isSameTable(one, other)
  if (isArray(one)) {
    return (
      isArray(other) && one.length === other.length && one.every((item, index) => isSame(item, other[index]))
    )
  }
  if (typeof one === 'number') return one === other
  return sameValue(one, other)
}

function isSameTable(one: TomlTable, other: TomlTable): boolean {
  return one.size === other.size && [...one].every(([key, value]) => isSame(value, other.get(key)))
}
