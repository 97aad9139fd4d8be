import type { Schema } from '#crds/definition.ts'
import { type KindName, KINDS, type ObjectOf } from '#crds/kinds.ts'
import { isRecord } from '#crds/violation.ts'

/**
 * Drops the empty lists and maps of a status, and the status itself when nothing is left.
 *
 * An API server does so where server-side apply took the last entry away, but not where there never was one. This way the
 * same status is stored the same, whatever it replaces. What the schema requires, or refuses, stays.
 */
export function withoutEmpty<K extends KindName>(
  kind: K,
  status: ObjectOf<K>['status'],
): ObjectOf<K>['status'] | undefined {
  const schema = KINDS[kind].schema.properties?.['status']
  if (schema === undefined || status === undefined) return status
  const pruned = prune(status, schema)
  return isEmpty(pruned) && mayBeEmpty(pruned, schema) ? undefined : (pruned as ObjectOf<K>['status'])
}

function prune(value: unknown, schema: Schema): unknown {
  if (schema['x-kubernetes-preserve-unknown-fields']) return value
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined ? value : value.map((item: unknown) => prune(item, items))
  }
  if (!isRecord(value)) return value
  const kept = Object.entries(value).flatMap(([name, field]) => {
    const child = schema.properties?.[name] ?? schema.additionalProperties
    const pruned = child === undefined ? field : prune(field, child)
    const isNeeded = schema.required?.includes(name) === true || !mayBeEmpty(pruned, child)
    return isEmpty(pruned) && !isNeeded ? [] : [[name, pruned] as const]
  })
  return Object.fromEntries(kept)
}

// What is wrong stays, so that it is refused.
function mayBeEmpty(value: unknown, schema: Schema | undefined): boolean {
  if (Array.isArray(value)) return schema?.type === 'array' && (schema.minItems ?? 0) === 0
  return (
    schema?.type === 'object' && (schema.required ?? []).length === 0 && (schema.minProperties ?? 0) === 0
  )
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
