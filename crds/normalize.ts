import type { Schema } from './definition.ts'
import { type KindName, KINDS } from './kinds.ts'
import { fieldPath, isRecord, itemPath } from './violation.ts'

const METADATA_FIELDS = new Set([
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
])

const MOST_UNKNOWN = 100

/**
 * Makes of an object what an API server would keep: fields that the kind does not know are dropped, so is `null`, which no
 * field of these kinds takes, and defaults are filled in.
 *
 * Returns new objects along the way and shares the rest; what is not an object comes back as it is. Idempotent.
 */
export function normalizeObject(kind: KindName, object: unknown): unknown {
  const normalized = normalizeNode(object, KINDS[kind].schema)
  if (!isRecord(object) || !isRecord(normalized) || !isRecord(object['metadata'])) return normalized
  const metadata = Object.entries(object['metadata']).filter(
    ([name, value]) => METADATA_FIELDS.has(name) && value !== null && value !== undefined,
  )
  return { ...normalized, metadata: Object.fromEntries(metadata) }
}

/** Lists the paths of the fields that {@link normalizeObject} drops because the kind does not know them; at most 100. */
export function unknownFields(kind: KindName, object: unknown): readonly string[] {
  const found: string[] = []
  collectUnknown({ value: object, schema: KINDS[kind].schema, path: '' }, found)
  const metadata = isRecord(object) && isRecord(object['metadata']) ? object['metadata'] : {}
  for (const name of Object.keys(metadata)) {
    if (!METADATA_FIELDS.has(name)) found.push(fieldPath('metadata', name))
  }
  return found.slice(0, MOST_UNKNOWN)
}

function normalizeNode(value: unknown, schema: Schema): unknown {
  if (schema['x-kubernetes-preserve-unknown-fields']) return value
  if (Array.isArray(value)) return normalizeItems(value, schema.items)
  if (!isRecord(value) || schema.type !== 'object') return value
  const kept = Object.entries(value).flatMap(([name, field]) => {
    const child = childSchema(schema, name)
    if (child === undefined || field === undefined || field === null) return []
    return [[name, normalizeNode(field, child)] as const]
  })
  return withDefaults(Object.fromEntries(kept), schema)
}

function normalizeItems(items: readonly unknown[], schema: Schema | undefined): readonly unknown[] {
  return schema === undefined ? items : items.map((item) => normalizeNode(item, schema))
}

function withDefaults(
  value: Readonly<Record<string, unknown>>,
  schema: Schema,
): Readonly<Record<string, unknown>> {
  const missing = Object.entries(schema.properties ?? {}).filter(
    ([name, child]) => child.default !== undefined && !Object.hasOwn(value, name),
  )
  if (missing.length === 0) return value
  const defaults = missing.map(([name, child]) => [
    name,
    normalizeNode(structuredClone(child.default), child),
  ])
  return { ...value, ...Object.fromEntries(defaults) }
}

interface Place {
  readonly value: unknown
  readonly schema: Schema
  readonly path: string
}

function collectUnknown({ value, schema, path }: Place, found: string[]): void {
  if (schema['x-kubernetes-preserve-unknown-fields'] || path === 'metadata') return
  for (const child of children(value, schema, path)) {
    if (found.length >= MOST_UNKNOWN) return
    if (child.schema === undefined) found.push(child.path)
    else collectUnknown({ ...child, schema: child.schema }, found)
  }
}

interface Child {
  readonly value: unknown
  readonly path: string
  /** `undefined`: the schema does not know it. */
  readonly schema: Schema | undefined
}

function children(value: unknown, schema: Schema, path: string): readonly Child[] {
  const { items } = schema
  if (Array.isArray(value)) {
    if (items === undefined) return []
    return value.map((item, index) => ({ value: item, schema: items, path: itemPath(path, index) }))
  }
  if (!isRecord(value) || schema.type !== 'object') return []
  return Object.entries(value).map(([name, field]) => ({
    value: field,
    schema: childSchema(schema, name),
    path: fieldPath(path, name),
  }))
}

function childSchema(schema: Schema, name: string): Schema | undefined {
  const { properties } = schema
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name]
  return schema.additionalProperties
}
