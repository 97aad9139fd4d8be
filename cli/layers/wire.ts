import { toJson } from '#layers/json/render.ts'
import type { Origin } from '#layers/layer.ts'
import { type RequirementsSourceName, requirementsTitle } from '#layers/requirements/requirements-source.ts'
import type { Requirements } from '#layers/requirements/requirements.ts'
import { isTable, type TomlTable, type TomlValue } from '#layers/value.ts'

import type { Masking } from './masking.ts'

/** A value and who supplies it, for programs. */
export function toWireApplied(
  applied: { readonly value: TomlValue; readonly origin: Origin } | null,
  path: readonly string[],
  masking: Masking,
): unknown {
  if (applied === null) return null
  return { value: toJson(masking.of(applied.value, path)), origin: applied.origin }
}

/** A map from key to origin, for programs. Without a prototype: a key may have any name. */
export function toWireOrigins(origins: ReadonlyMap<string, Origin>): Readonly<Record<string, Origin>> {
  const wire: Record<string, Origin> = Object.create(null)
  for (const [key, origin] of origins) wire[key] = origin
  return wire
}

/** One requirement: what is allowed and by whom. */
export interface RequirementRow {
  /** As a source of requirements spells it: `allowed_sandbox_modes`, `features.name`, `enforce_residency`. */
  readonly key: string
  readonly allowed: readonly string[]
  readonly source: RequirementsSourceName
  readonly sourceTitle: string
}

/** Every requirement in a row of its own; empty when nothing is required. */
export function requirementRows(requirements: Requirements | null): readonly RequirementRow[] {
  if (requirements === null) return []
  const { lists, features, residency } = requirements
  return [
    ...[...lists].map(([key, { value, source }]) => rowOf(key, value.map(wordOf), source)),
    ...[...(features ?? [])].map(([name, { value, source }]) =>
      rowOf(`features.${name}`, [String(value)], source),
    ),
    ...(residency === null ? [] : [rowOf('enforce_residency', [residency.value], residency.source)]),
  ]
}

function rowOf(key: string, allowed: readonly string[], source: RequirementsSourceName): RequirementRow {
  return { key, allowed, source, sourceTitle: requirementsTitle(source) }
}

/** A table of granular approvals goes by its word. */
function wordOf(value: string | TomlTable): string {
  return isTable(value) ? [...value.keys()].join(', ') : value
}
