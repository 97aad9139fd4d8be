import type { TomlTable } from '#layers/value.ts'

import type { LimitedSetting } from './requirements-fields.ts'
import {
  type AllowedValue,
  requirementsFault,
  toAllowedValue,
  type RequirementsContext,
} from './requirements-read.ts'
import type { RequirementsLayer } from './requirements-source.ts'

/**
 * Reads a managed config as requirements, the older way of limiting users: a setting of it becomes the list of what may be
 * set. Three settings count and nothing else, entries for remote hosts included (spec 07 §16).
 *
 * @param layer a managed config, as it was read
 * @throws LayersError `requirementsInvalid` when one of the three has a value that the CLI does not know
 */
export function legacyRequirements(
  layer: RequirementsLayer,
  { rules }: Pick<RequirementsContext, 'rules'>,
): RequirementsLayer {
  const table = new Map<string, readonly AllowedValue[]>()
  for (const [setting, [key, alongside]] of CONVERSIONS) {
    const value = layer.table.get(setting)
    if (value === undefined) continue
    const allowed = toAllowedValue(setting, value, rules)
    if (allowed === null) throw requirementsFault({ layer, path: [setting] }, unknownWord(setting))
    table.set(key, alongside(allowed))
  }
  return { source: layer.source, table: table satisfies TomlTable }
}

function unknownWord(setting: LimitedSetting): string {
  return `expected a value that ${setting} can have, got another one`
}

type Alongside = (value: AllowedValue) => readonly AllowedValue[]

const alone: Alongside = (value) => [value]

// The CLI cannot do without read-only, and whoever is given an automatic reviewer may still choose a person.
const afterReadOnly: Alongside = (value) => (value === 'read-only' ? [value] : ['read-only', value])
const beforeUser: Alongside = (value) => (value === 'user' ? [value] : [value, 'user'])

const CONVERSIONS: ReadonlyMap<LimitedSetting, readonly [key: string, alongside: Alongside]> = new Map([
  ['sandbox_mode', ['allowed_sandbox_modes', afterReadOnly]],
  ['approval_policy', ['allowed_approval_policies', alone]],
  ['approvals_reviewer', ['allowed_approvals_reviewers', beforeUser]],
])
