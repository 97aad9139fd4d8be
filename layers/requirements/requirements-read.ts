import { LayersError } from '#layers/errors.ts'
import { placeOfValue } from '#layers/fault-place.ts'
import type { LayerRules } from '#layers/rules.ts'
import { isArray, isTable, kindOf, type TomlKind, type TomlTable, type TomlValue } from '#layers/value.ts'

import { matchesHost } from './host-patterns.ts'
import {
  ALLOWED_FIELDS,
  type AllowedField,
  FEATURE_KEYS,
  type KnownWords,
  type LimitedSetting,
  RESIDENCIES,
  SANDBOX_FIELD,
  wordsOf,
} from './requirements-fields.ts'
import { type RequirementsLayer, requirementsTitle } from './requirements-source.ts'

/** One value that a list allows: a word in the spelling that the CLI shows, or a table of `granular` approvals. */
export type AllowedValue = string | TomlTable

/** What one source says, checked. A key that it does not have is absent. */
export interface SourceRequirements {
  readonly layer: RequirementsLayer
  readonly lists: ReadonlyMap<AllowedField['key'], readonly AllowedValue[]>
  readonly features: ReadonlyMap<string, boolean> | null
  readonly residency: string | null
}

/** What reading a source depends on beside its text. */
export interface RequirementsContext {
  readonly rules: LayerRules['requirements']
  /** Name that host patterns are held against, or null for a machine without one. */
  readonly hostName: string | null
}

/** The key whose presence alone makes the host name count. */
export const REMOTE_SANDBOX_KEY = 'remote_sandbox_config'

const RESIDENCY_KEY = 'enforce_residency'

/**
 * Checks one source of requirements. Keys that are not known are left aside.
 *
 * Entries for remote hosts are settled here, before sources are combined: the first with a fitting pattern replaces the
 * list of sandbox modes of this source, and of no other (spec 07 §17).
 *
 * @throws LayersError `requirementsInvalid` with the place in the text
 */
export function readRequirements(layer: RequirementsLayer, context: RequirementsContext): SourceRequirements {
  const draft: Draft = { lists: new Map(), remoteModes: null, features: null, residency: null }
  // In the order of the text, so that of several faults the first is told.
  for (const [key, value] of layer.table) readKey({ layer, path: [key], value }, draft, context)
  const { lists, remoteModes, features, residency } = draft
  if (remoteModes !== null) lists.set(SANDBOX_FIELD.key, remoteModes)
  return { layer, lists, features: features?.flags ?? null, residency }
}

/**
 * Takes a word, or a table of granular approvals where a setting can be one, in the spelling that the CLI shows.
 *
 * @returns null for everything that the setting does not know
 */
export function toAllowedValue(
  setting: LimitedSetting,
  value: TomlValue,
  rules: LayerRules['requirements'],
): AllowedValue | null {
  if (typeof value === 'string') return wordsOf(setting, rules).get(value) ?? null
  return setting === 'approval_policy' && isTable(value) ? toGranular(value) : null
}

/** A value of a source's table, with the way to it. */
interface Located {
  readonly layer: RequirementsLayer
  readonly path: readonly string[]
  readonly value: TomlValue
}

/** The refusal of a source, told with its place. `reason` says what was expected and the kind of what came. */
export function requirementsFault(
  { layer, path }: Pick<Located, 'layer' | 'path'>,
  reason: string,
): LayersError {
  return new LayersError('requirementsInvalid', `${path.join('.')}: ${reason}`, {
    path: requirementsTitle(layer.source),
    ...(layer.text === undefined ? {} : placeOfValue(layer.text, path)),
  })
}

interface Draft {
  readonly lists: Map<string, readonly AllowedValue[]>
  remoteModes: readonly AllowedValue[] | null
  /** With the spelling that the source has used. */
  features: { readonly key: string; readonly flags: ReadonlyMap<string, boolean> } | null
  residency: string | null
}

function readKey(at: Located, draft: Draft, context: RequirementsContext): void {
  const [key = ''] = at.path
  const field = ALLOWED_FIELDS.find((each) => each.key === key)
  if (field !== undefined) draft.lists.set(key, readAllowed(at, field, context))
  else if (key === REMOTE_SANDBOX_KEY) draft.remoteModes = remoteModes(at, context)
  else if (key === RESIDENCY_KEY) draft.residency = readResidency(at)
  else if (FEATURE_KEYS.some((spelling) => spelling === key)) {
    if (draft.features !== null) {
      throw requirementsFault(at, `a second spelling of ${draft.features.key}; keep one of the two`)
    }
    draft.features = { key, flags: readFeatures(at) }
  }
}

function readAllowed(
  at: Located,
  field: AllowedField,
  { rules }: RequirementsContext,
): readonly AllowedValue[] {
  return itemsOf(at).map((item) => {
    const allowed = toAllowedValue(field.setting, item.value, rules)
    if (allowed !== null) return allowed
    throw requirementsFault(item, expectedWord(wordsOf(field.setting, rules), item.value))
  })
}

function readFeatures({ layer, path, value: table }: Located): ReadonlyMap<string, boolean> {
  if (!isTable(table)) throw requirementsFault({ layer, path }, expected('a table', table))
  const flags = new Map<string, boolean>()
  for (const [name, value] of table) {
    if (typeof value !== 'boolean') {
      throw requirementsFault({ layer, path: [...path, name] }, expected('a boolean', value))
    }
    flags.set(name, value)
  }
  return flags
}

function readResidency(at: Located): string {
  if (typeof at.value === 'string' && RESIDENCIES.has(at.value)) return at.value
  throw requirementsFault(at, expectedWord(RESIDENCIES, at.value))
}

/** The modes that this host gets from the entries for remote hosts, or null when none of them is for it. */
function remoteModes(at: Located, context: RequirementsContext): readonly AllowedValue[] | null {
  // Every entry is checked, those that do not count included: a fault must not wait for the one host that it meets.
  const entries = itemsOf(at).map((item) => readEntry(item, context))
  return entries.find((entry) => entry.isForHost)?.modes ?? null
}

function readEntry(
  at: Located,
  context: RequirementsContext,
): { readonly isForHost: boolean; readonly modes: readonly AllowedValue[] } {
  const patterns = itemsOf(memberOf(at, 'hostname_patterns')).map((item) => {
    if (typeof item.value !== 'string') throw requirementsFault(item, expected('a string', item.value))
    return item.value
  })
  const modes = readAllowed(memberOf(at, SANDBOX_FIELD.key), SANDBOX_FIELD, context)
  const { hostName } = context
  return { isForHost: hostName !== null && patterns.some((pattern) => matchesHost(pattern, hostName)), modes }
}

function memberOf({ layer, path, value }: Located, key: string): Located {
  if (!isTable(value)) throw requirementsFault({ layer, path }, expected('a table', value))
  const member = value.get(key)
  if (member === undefined)
    throw requirementsFault({ layer, path }, `expected the key ${key}, which is missing`)
  return { layer, path: [...path, key], value: member }
}

function itemsOf({ layer, path, value }: Located): readonly Located[] {
  if (!isArray(value)) throw requirementsFault({ layer, path }, expected('an array', value))
  return value.map((item, index) => ({ layer, path: [...path, String(index)], value: item }))
}

const GRANULAR = {
  sandbox_approval: 'needed',
  rules: 'needed',
  skill_approval: 'false unless set',
  request_permissions: 'false unless set',
  mcp_elicitations: 'needed',
} as const

/** `{ granular = { … } }` with every key that it can have, or null. */
function toGranular(value: TomlTable): TomlTable | null {
  const granular = value.get('granular')
  if (!isTable(granular) || value.size !== 1) return null
  const full = new Map<string, boolean>()
  for (const [key, presence] of Object.entries(GRANULAR)) {
    const flag = granular.get(key) ?? (presence === 'needed' ? null : false)
    if (typeof flag !== 'boolean') return null
    full.set(key, flag)
  }
  return new Map([['granular', full]])
}

function expectedWord(words: KnownWords, value: TomlValue): string {
  const list = [...words.keys()].map((word) => JSON.stringify(word)).join(', ')
  return `expected one of ${list}, got ${typeof value === 'string' ? 'another word' : withArticle(kindOf(value))}`
}

function expected(what: string, value: TomlValue): string {
  return `expected ${what}, got ${withArticle(kindOf(value))}`
}

/** `an integer`, `a string`. */
export function withArticle(kind: TomlKind): string {
  return /^[aio]/.test(kind) ? `an ${kind}` : `a ${kind}`
}
