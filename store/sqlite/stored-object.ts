import { AppError } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type { AnyObject } from '#store/any-object.ts'

import { NOBODY, toNamespace } from './namespaces.ts'

/** An object as it is kept: the text without its version, which has a column of its own. */
export interface Snapshot {
  readonly json: string
  readonly version: number
}

/** A snapshot and whose it is; `userId` is 0 for cluster-scoped kinds. */
export interface OwnedSnapshot extends Snapshot {
  readonly userId: number
}

const STORED_NAMESPACE = 'default'

/** Writes an object as it is kept: namespace `default`, no version. */
export function toStoredText(object: AnyObject): string {
  const { resourceVersion: _, ...metadata } = object.metadata
  const stored = metadata.namespace === undefined ? metadata : { ...metadata, namespace: STORED_NAMESPACE }
  return JSON.stringify({ ...object, metadata: stored })
}

/**
 * Reads what is kept as the object that goes out: the caller's own, in the namespace of its user, with its version.
 *
 * @throws AppError `STORE_DAMAGED` for a row that holds no object
 */
export function fromStoredText<K extends KindName>(kind: K, row: OwnedSnapshot): ObjectOf<K> {
  const object = parseJson(row.json)
  if (!isRecord(object) || !isRecord(object['metadata'])) {
    const message = `the row of kind ${kind} with resource_version ${row.version} holds no object; delete that row`
    throw new AppError('STORE_DAMAGED', message)
  }
  const metadata: Record<string, unknown> = object['metadata']
  if (row.userId === NOBODY) delete metadata['namespace']
  else metadata['namespace'] = toNamespace(row.userId)
  metadata['resourceVersion'] = String(row.version)
  return object as unknown as ObjectOf<K>
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
