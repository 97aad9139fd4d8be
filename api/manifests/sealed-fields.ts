import { isRecord, type JsonObject } from '#core/json.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'

type Fields = Readonly<Record<string, unknown>>

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * Shows an object without what is sealed in it, and without the annotation in which `kubectl` keeps a copy of it.
 * The namespace is shown as the caller calls it.
 */
export function toShown<K extends KindName>(object: ObjectOf<K>, namespace: string): JsonObject {
  const { metadata } = object
  const shown = {
    ...withoutSealed(object),
    metadata: {
      ...metadata,
      ...(metadata.namespace !== undefined && { namespace }),
      ...(metadata.annotations && { annotations: withoutLastApplied(metadata.annotations) }),
    },
  }
  return shown as unknown as JsonObject
}

/**
 * Prepares a manifest for being checked: without status, without the copy that `kubectl` keeps, and where it brings no
 * ciphertext also without the fields that only describe one. What it does not bring stays as it is stored.
 */
export function withoutDescriptions(kind: KindName, manifest: Fields): Fields {
  const { status: _, ...rest } = manifest
  const metadata = record(manifest['metadata'])
  const annotations = record(metadata['annotations'])
  return {
    ...rest,
    metadata: {
      ...metadata,
      ...(isRecord(metadata['annotations']) && { annotations: withoutLastApplied(annotations) }),
    },
    ...(isRecord(manifest['spec']) && { spec: specWithoutDescriptions(kind, manifest['spec']) }),
  }
}

function specWithoutDescriptions(kind: KindName, spec: Fields): Fields {
  if (kind === 'UserProxyConfig') return dropUnless(spec, 'proxy', 'encryptedUrl')
  if (kind !== 'UserRuntimeConfig') return spec
  const rest = dropUnless(spec, 'config', 'encryptedValue')
  const auth = record(spec['auth'])
  if (!isRecord(spec['auth']) || Object.hasOwn(auth, 'encryptedValue')) return rest
  const { sha256: _sha256, updatedAt: _updatedAt, ...kept } = auth
  return { ...rest, auth: kept }
}

function dropUnless(spec: Fields, field: string, sealed: string): Fields {
  const value = spec[field]
  if (!isRecord(value) || Object.hasOwn(value, sealed)) return spec
  const { [field]: _, ...rest } = spec
  return rest
}

function withoutSealed<K extends KindName>(object: ObjectOf<K>): ObjectOf<K> {
  const spec: Fields = { ...object.spec }
  const shown = Object.entries(spec).map(([name, value]) => [
    name,
    isRecord(value) ? withoutCiphertext(value) : value,
  ])
  return { ...object, spec: Object.fromEntries(shown) }
}

function withoutCiphertext(fields: Fields): Fields {
  const { encryptedValue: _value, encryptedUrl: _url, ...rest } = fields
  return rest
}

function withoutLastApplied(annotations: Fields): Fields {
  const { [LAST_APPLIED]: _, ...rest } = annotations
  return rest
}

function record(value: unknown): Fields {
  return isRecord(value) ? value : {}
}
