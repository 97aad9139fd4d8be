import type { Schema } from './definition.ts'
import { fieldPath, isRecord, itemPath, ownField, type Violation } from './violation.ts'

/**
 * Lists what is larger than a schema allows: texts, lists and maps.
 *
 * Asked before anything else, because nothing else need look at an object that is too large. Lengths of texts are in code
 * points, as an API server counts them.
 */
export function boundViolations(value: unknown, schema: Schema, path = ''): readonly Violation[] {
  if (typeof value === 'string') return textViolations(value, schema, path)
  if (Array.isArray(value)) return listViolations(value, schema, path)
  return isRecord(value) ? mapViolations(value, schema, path) : []
}

function textViolations(text: string, schema: Schema, path: string): readonly Violation[] {
  const most = schema.maxLength ?? Number.POSITIVE_INFINITY
  if (text.length <= most || codePoints(text) <= most) return []
  return [{ path, message: `must have at most ${most} characters` }]
}

function codePoints(text: string): number {
  let count = 0
  // A text that is all pairs has half as many code points as units, so counting is linear and needs no copy.
  for (const _ of text) count += 1
  return count
}

function listViolations(items: readonly unknown[], schema: Schema, path: string): readonly Violation[] {
  const most = schema.maxItems ?? Number.POSITIVE_INFINITY
  if (items.length > most) return [{ path, message: `must have at most ${most} items` }]
  const { items: itemSchema } = schema
  if (itemSchema === undefined) return []
  return [
    ...items.flatMap((item, index) => boundViolations(item, itemSchema, itemPath(path, index))),
    ...duplicateViolations(items, schema, path),
  ]
}

function mapViolations(
  map: Readonly<Record<string, unknown>>,
  schema: Schema,
  path: string,
): readonly Violation[] {
  const names = Object.keys(map)
  const most = schema.maxProperties ?? Number.POSITIVE_INFINITY
  if (names.length > most) return [{ path, message: `must have at most ${most} entries` }]
  return names.flatMap((name) => {
    const isNamed = schema.properties !== undefined && Object.hasOwn(schema.properties, name)
    const child = isNamed ? schema.properties?.[name] : schema.additionalProperties
    return child === undefined ? [] : boundViolations(map[name], child, fieldPath(path, name))
  })
}

function duplicateViolations(items: readonly unknown[], schema: Schema, path: string): readonly Violation[] {
  const type = schema['x-kubernetes-list-type']
  if (type !== 'set' && type !== 'map') return []
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Set<string>()
  return items.flatMap((item, index) => {
    const identity = type === 'set' ? scalarText(item) : keys.map((key) => scalarText(ownField(item, key)))
    const text = JSON.stringify(identity)
    if (!seen.has(text)) {
      seen.add(text)
      return []
    }
    const what = type === 'set' ? 'value' : keys.join(' and ')
    return [{ path: itemPath(path, index), message: `must be the only one with its ${what}; remove one` }]
  })
}

/** What is not a scalar has the wrong type, which the shape check says; it may be too deep to look into. */
function scalarText(value: unknown): string {
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  return isScalar ? `${typeof value} ${value}` : typeof value
}
