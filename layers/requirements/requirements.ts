import type { LayerRules } from '#layers/rules.ts'
import { isTable, type TomlTable } from '#layers/value.ts'

import type { AllowedField } from './requirements-fields.ts'
import { ALLOWED_FIELDS } from './requirements-fields.ts'
import {
  type AllowedValue,
  readRequirements,
  REMOTE_SANDBOX_KEY,
  requirementsFault,
  type SourceRequirements,
} from './requirements-read.ts'
import { type RequirementsLayer, type RequirementsSourceName, strongestFirst } from './requirements-source.ts'

/** A requirement and who sets it. */
export interface Requirement<Value> {
  readonly value: Value
  readonly source: RequirementsSourceName
}

/** What a user may set: every source combined. Made by {@link composeRequirements}; holds at least one requirement. */
export interface Requirements {
  /** Allowed values by the key of the requirements, such as `allowed_sandbox_modes`. */
  readonly lists: ReadonlyMap<AllowedField['key'], Requirement<readonly AllowedValue[]>>
  /** The value that a feature must have, by its name; null where no source speaks of features, be it of none. */
  readonly features: ReadonlyMap<string, Requirement<boolean>> | null
  readonly residency: Requirement<string> | null
  /** The rules they were combined by: which words a setting knows depends on the release. */
  readonly rules: LayerRules['requirements']
}

/**
 * Whether the name of this machine counts: only where a source has entries for remote hosts, be they empty. Nobody else
 * has a reason to look a host name up.
 *
 * @param layers sources with managed configs already read by `legacyRequirements`, which drops such entries
 */
export function needsHostName(layers: readonly RequirementsLayer[]): boolean {
  return layers.some((layer) => layer.table.has(REMOTE_SANDBOX_KEY))
}

/**
 * Combines the sources of requirements by the rules of a release: per key the strongest source wins whole, or tables are
 * merged and lists replaced as between layers (spec 07 §16).
 *
 * @param layers in any order; of two sources of one kind the later one is stronger
 * @param hostName see {@link needsHostName}; null when no name is known or none is needed
 * @returns null when no source requires anything
 * @throws LayersError `requirementsInvalid`
 */
export function composeRequirements(
  layers: readonly RequirementsLayer[],
  { requirements: rules }: Pick<LayerRules, 'requirements'>,
  hostName: string | null,
): Requirements | null {
  const sources = strongestFirst(layers, rules).map((layer) => readRequirements(layer, { rules, hostName }))
  const lists = new Map<string, Requirement<readonly AllowedValue[]>>()
  for (const field of ALLOWED_FIELDS) {
    const list = composeList(sources, field)
    if (list !== null) lists.set(field.key, list)
  }
  const features = composeFeatures(sources, rules.composition)
  const residency = composeResidency(sources)
  const isEmpty = lists.size === 0 && (features?.size ?? 0) === 0 && residency === null
  return isEmpty ? null : { lists, features, residency, rules }
}

/**
 * The requirements as the CLI's API answers them: only keys that are set, under their names on the wire.
 *
 * @returns a JSON object without a prototype, or null when nothing is required
 */
export function toWireRequirements(
  requirements: Requirements | null,
): Readonly<Record<string, unknown>> | null {
  if (requirements === null) return null
  const wire: Record<string, unknown> = bare()
  for (const field of ALLOWED_FIELDS) {
    const list = requirements.lists.get(field.key)
    if (list !== undefined) wire[field.wire] = shown(list.value, field).map(toWireValue)
  }
  const { features, residency } = requirements
  if (features !== null) {
    wire['featureRequirements'] = bare([...features].map(([name, { value }]) => [name, value]))
  }
  if (residency !== null) wire['enforceResidency'] = residency.value
  return wire
}

function shown(values: readonly AllowedValue[], field: AllowedField): readonly AllowedValue[] {
  return values.filter((value) => typeof value !== 'string' || !field.hidden.includes(value))
}

function toWireValue(value: AllowedValue): unknown {
  return typeof value === 'string' ? value : tableToWire(value)
}

function tableToWire(table: TomlTable): unknown {
  return bare([...table].map(([key, value]) => [key, isTable(value) ? tableToWire(value) : value]))
}

/** An object on which `__proto__` is an ordinary key. */
function bare(entries: readonly (readonly [string, unknown])[] = []): Record<string, unknown> {
  const record: Record<string, unknown> = Object.create(null)
  for (const [key, value] of entries) record[key] = value
  return record
}

function composeList(
  sources: readonly SourceRequirements[],
  field: AllowedField,
): Requirement<readonly AllowedValue[]> | null {
  const strongest = sources.find(({ lists }) => lists.has(field.key))
  const values = strongest?.lists.get(field.key)
  if (strongest === undefined || values === undefined) return null
  const at = { layer: strongest.layer, path: [field.key] }
  if (field.refusesEmpty && values.length === 0) {
    throw requirementsFault(at, 'expected at least one value, got an empty list')
  }
  if (field.needed !== undefined && !values.includes(field.needed)) {
    throw requirementsFault(at, `expected ${JSON.stringify(field.needed)} among the values, which is missing`)
  }
  const { always } = field
  const value = always === undefined || values.includes(always) ? values : [...values, always]
  return { value, source: strongest.layer.source }
}

function composeFeatures(
  sources: readonly SourceRequirements[],
  composition: LayerRules['requirements']['composition'],
): ReadonlyMap<string, Requirement<boolean>> | null {
  const declaring = sources.filter(({ features }) => features !== null)
  if (declaring.length === 0) return null
  const counting = composition === 'merged' ? declaring : declaring.slice(0, 1)
  const composed = new Map<string, Requirement<boolean>>()
  for (const { layer, features } of counting.toReversed()) {
    for (const [name, value] of features ?? []) composed.set(name, { value, source: layer.source })
  }
  return composed
}

function composeResidency(sources: readonly SourceRequirements[]): Requirement<string> | null {
  const strongest = sources.find(({ residency }) => residency !== null)
  if (strongest === undefined || strongest.residency === null) return null
  return { value: strongest.residency, source: strongest.layer.source }
}
