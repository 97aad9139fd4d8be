import { formatKeyPath } from '#layers/key-path.ts'
import { isTable, kindOf, sameValue, type TomlTable, type TomlValue, valueAt } from '#layers/value.ts'

import { ALLOWED_FIELDS, type AllowedField, FEATURE_KEYS } from './requirements-fields.ts'
import { type AllowedValue, toAllowedValue, withArticle } from './requirements-read.ts'
import { type RequirementsSourceName, requirementsTitle } from './requirements-source.ts'
import type { Requirement, Requirements } from './requirements.ts'

/** A setting that a requirement does not allow. */
export interface RequirementViolation {
  readonly path: readonly string[]
  /** The path as a person writes it. */
  readonly key: string
  /** The word that was set when it is one of those that the setting knows, else what kind of value it is. */
  readonly set: string
  /** Words that may be set; never empty. */
  readonly allowed: readonly string[]
  readonly source: RequirementsSourceName
  /** The above as a sentence. */
  readonly message: string
}

/**
 * Holds a configuration against requirements. A setting that is absent violates nothing: the CLI then chooses an allowed
 * value by itself.
 *
 * @param config an effective configuration, or one layer
 * @returns the violations in the order of the API's answer, features last; empty when everything is allowed
 */
export function checkRequirements(
  requirements: Requirements | null,
  config: TomlTable,
): readonly RequirementViolation[] {
  if (requirements === null) return []
  const lists = ALLOWED_FIELDS.map((field) => checkList(requirements, field, config))
  const features = [...(requirements.features ?? [])].map(([name, requirement]) =>
    checkFeature(name, requirement, config),
  )
  return [...lists, ...features].filter((violation) => violation !== null)
}

function checkList(
  { lists, rules }: Requirements,
  field: AllowedField,
  config: TomlTable,
): RequirementViolation | null {
  const requirement = lists.get(field.key)
  const value = config.get(field.setting)
  if (requirement === undefined || value === undefined) return null
  const word = toAllowedValue(field.setting, value, rules)
  if (word !== null && requirement.value.some((allowed) => sameValue(allowed, word))) return null
  return violation({
    path: [field.setting],
    set: word === null ? withArticle(kindOf(value)) : wordFor(word),
    allowed: requirement.value.map(wordFor),
    source: requirement.source,
  })
}

function checkFeature(
  name: string,
  { value: required, source }: Requirement<boolean>,
  config: TomlTable,
): RequirementViolation | null {
  const path = [FEATURE_KEYS[0], name]
  const value = valueAt(config, path)
  if (value === undefined || value === required) return null
  return violation({ path, set: flagFor(value), allowed: [String(required)], source })
}

function flagFor(value: TomlValue): string {
  return typeof value === 'boolean' ? String(value) : withArticle(kindOf(value))
}

/** A table of granular approvals has no one word; it goes by the word that it begins with. */
function wordFor(value: AllowedValue): string {
  return isTable(value) ? [...value.keys()].join(', ') : value
}

function violation(
  parts: Pick<RequirementViolation, 'path' | 'set' | 'allowed' | 'source'>,
): RequirementViolation {
  const key = formatKeyPath(parts.path)
  const allowed = parts.allowed.join(', ')
  const message = `${key} is ${parts.set}, and ${requirementsTitle(parts.source)} allows only ${allowed}`
  return { ...parts, key, message }
}
