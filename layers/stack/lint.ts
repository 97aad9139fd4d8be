import { formatKeyPath } from '#layers/key-path.ts'
import type { ConfigLayer, LayerName, LayerType } from '#layers/layer.ts'
import { renameAliases } from '#layers/merge/aliases.ts'
import { holdsItems, joinsAt } from '#layers/merge/joined-arrays.ts'
import { settingAt, settingPath } from '#layers/merge/switches.ts'
import { checkRequirements } from '#layers/requirements/requirements-check.ts'
import { requirementsTitle } from '#layers/requirements/requirements-source.ts'
import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import { isArray, isTable, sameValue, valueAt, type TomlTable, type TomlValue } from '#layers/value.ts'

import { explainKey, leavesOf, type Leaf } from './explain.ts'
import { layerTitle } from './layer-title.ts'
import type { StackView } from './stack-view.ts'

/**
 * What a finding is about.
 *
 * `required`: what applies is not allowed. `shadowed`: a value that can never apply because an administrator sets another.
 * `wrong-type`: a value that the CLI would refuse if no higher layer hid it. `secret`: a secret in plain text.
 * `legacy-spelling`: a key that has a newer name. `unknown-key`: a key that the CLI does not have.
 */
export type LintRule = 'required' | 'shadowed' | 'wrong-type' | 'secret' | 'legacy-spelling' | 'unknown-key'

/** Something that a person should know about a key of a layer. */
export interface LintFinding {
  readonly rule: LintRule
  readonly key: string
  readonly layer: LayerName
  /** A sentence about the key that does not name it. Names kinds, layers and allowed words, never a free value. */
  readonly message: string
}

/** Finds everything that {@link LintRule} names in the enabled layers, rule by rule, the highest layer first. */
export function lintStack(stack: StackView): readonly LintFinding[] {
  const layers = stack.layersHighToLow()
  const { profile } = stack
  return [
    ...refused(stack),
    ...layers.flatMap((layer) => shadowed(stack, layer)),
    ...layers.flatMap((layer) => wrongTypes(profile, layer)),
    ...layers.flatMap((layer) => secrets(profile, layer)),
    ...layers.flatMap((layer) => legacySpellings(profile, layer)),
    ...layers.flatMap((layer) => unknownKeys(profile, layer)),
  ]
}

/** Layers that a person or a project edits; that one of these decides over another is what layers are for. */
const EDITABLE: ReadonlySet<LayerType> = new Set([
  'user',
  'project',
  'projectFile',
  'localFile',
  'sessionFlags',
])

/** Layers of administrators that nobody else can go above. */
const POLICY: ReadonlySet<LayerType> = new Set([
  'mdm',
  'managedFile',
  'managedRuntimeConfig',
  'legacyManagedConfigTomlFromFile',
  'legacyManagedConfigTomlFromMdm',
])

function refused(stack: StackView): readonly LintFinding[] {
  return checkRequirements(stack.requirements, stack.effectiveConfig()).flatMap(
    ({ path, key, set, allowed, source }) => {
      const message = `is ${set}, and ${requirementsTitle(source)} allows only ${allowed.join(', ')}`
      const layer = explainKey(stack, path).winner?.name ?? stack.userLayer()?.name
      return layer === undefined ? [] : [{ rule: 'required', key, layer, message }]
    },
  )
}

function shadowed(stack: StackView, layer: ConfigLayer): readonly LintFinding[] {
  const layers = stack.layersHighToLow()
  const policies = layers.slice(0, layers.indexOf(layer)).filter(({ name }) => POLICY.has(name.type))
  if (!EDITABLE.has(layer.name.type) || policies.length === 0) return []
  const { aliases, switches } = stack.profile.rules
  const named = policies.map(({ name, config }) => ({ name, config: renameAliases(config, aliases) }))
  return settingsOf(renameAliases(layer.config, aliases)).flatMap(({ path: written, key, value }) => {
    const path = settingPath(written, value, switches)
    const policy = named.find(({ config }) => decides(config, path))
    const effective = settingAt(stack.effectiveConfig(), path, switches)
    if (policy === undefined || (effective !== undefined && sameValue(effective, value))) return []
    if (joinsAt(path, stack.profile.rules) && holdsItems(effective, value)) return []
    return [
      { rule: 'shadowed', key, layer: layer.name, message: `${layerTitle(policy.name)} decides about it` },
    ]
  })
}

/** The leaves that say something: an empty table changes nothing where another layer has a table. */
function settingsOf(config: TomlTable): readonly Leaf[] {
  return leavesOf(config, []).filter(({ value }) => !isTable(value))
}

/** Whether a configuration has a value at the path, or one on the way there that leaves no room for it. */
function decides(config: TomlTable, path: readonly string[]): boolean {
  let value: TomlValue | undefined = config
  for (const key of path) {
    if (!isTable(value)) return value !== undefined
    value = value.get(key)
  }
  return value !== undefined
}

function wrongTypes(profile: RuntimeProfile, layer: ConfigLayer): readonly LintFinding[] {
  const fault = profile.findTypeFault(layer.config)
  if (fault === null) return []
  return [{ rule: 'wrong-type', key: formatKeyPath(fault.path), layer: layer.name, message: fault.reason }]
}

function secrets(profile: RuntimeProfile, layer: ConfigLayer): readonly LintFinding[] {
  return settingsOf(layer.config)
    .filter(({ path, value }) => holdsSecret(profile, path, value))
    .map(({ key }) => ({
      rule: 'secret',
      key,
      layer: layer.name,
      message: 'a secret in plain text: name an environment variable instead, or a command that prints it',
    }))
}

/** What only names a variable, such as `${TOKEN}`, is no secret. */
const VARIABLE = /^\$(\w+|\{\w+(:-)?\})$/

function holdsSecret(profile: RuntimeProfile, path: readonly string[], value: TomlValue): boolean {
  if (isArray(value)) return value.some((item) => holdsSecret(profile, path, item))
  if (isTable(value)) return [...value].some(([key, item]) => holdsSecret(profile, [...path, key], item))
  if (typeof value !== 'string' || value === '' || VARIABLE.test(value)) return false
  return profile.isSecretKey(path) || profile.isSecretValue(value)
}

function legacySpellings(profile: RuntimeProfile, layer: ConfigLayer): readonly LintFinding[] {
  return profile.rules.aliases.flatMap(({ table, legacy, canonical }) => {
    const holder = valueAt(layer.config, table)
    if (!isTable(holder) || !holder.has(legacy)) return []
    const key = formatKeyPath([...table, legacy])
    const message = holder.has(canonical)
      ? `counts for nothing, because its newer name ${canonical} is there as well`
      : `is now called ${canonical}`
    return [{ rule: 'legacy-spelling', key, layer: layer.name, message }]
  })
}

function unknownKeys(profile: RuntimeProfile, layer: ConfigLayer): readonly LintFinding[] {
  return unknownPaths(profile, layer.config, []).map((path) => ({
    rule: 'unknown-key',
    key: formatKeyPath(path),
    layer: layer.name,
    message: `${profile.runtime} ${profile.rules.cliVersion} has no such setting`,
  }))
}

/** The shortest paths that are unknown: what is below them is not told again. */
function unknownPaths(
  profile: RuntimeProfile,
  table: TomlTable,
  parents: readonly string[],
): readonly (readonly string[])[] {
  return [...table].flatMap(([key, value]) => {
    const path = [...parents, key]
    if (!profile.isKnownKey(path)) return [path]
    return isTable(value) ? unknownPaths(profile, value, path) : []
  })
}
