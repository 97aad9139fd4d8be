import { AppError } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'
import { API_VERSION } from '#crds/group.ts'
import { type KindName, KINDS } from '#crds/kinds.ts'
import { isSubdomain } from '#crds/metadata.ts'
import { normalizeObject } from '#crds/normalize.ts'
import { validateObject } from '#crds/validate.ts'
import { ownField, type Violation } from '#crds/violation.ts'

import type { AnyObject } from './any-object.ts'

// What etcd takes of one object, so that whatever is stored here can move to a cluster.
const MAX_BYTES = 1.5 * 1024 * 1024
const SHOWN_VIOLATIONS = 10

/**
 * Reads what a caller hands in as an object of a kind: unknown fields dropped, defaults filled in. It is not judged yet.
 *
 * @throws AppError `REQUEST_MALFORMED` for what is not an object of this kind
 */
export function readIncoming(kind: KindName, input: unknown): AnyObject {
  const object = normalizeObject(kind, input)
  const metadata = ownField(object, 'metadata')
  if (!isRecord(object) || !isRecord(metadata)) {
    throw new AppError('REQUEST_MALFORMED', `expected a ${kind} with metadata`)
  }
  checkType(kind, object)
  const { namespace: _, ...clusterScoped } = metadata
  // An API server ignores the namespace of a cluster-scoped object.
  const scoped = KINDS[kind].isNamespaced ? metadata : clusterScoped
  return { ...object, apiVersion: API_VERSION, kind, metadata: scoped as unknown as AnyObject['metadata'] }
}

/**
 * Judges an object as it would be stored, against the one it replaces.
 *
 * @throws AppError `INVALID`, naming paths and never values
 */
export function admit(kind: KindName, object: AnyObject, old?: AnyObject): void {
  const violations = validateObject(kind, object, old)
  if (violations.length > 0) throw toInvalid(violations)
}

/** Says what is wrong with an object: `INVALID` with the first ten paths. */
export function toInvalid(violations: readonly Violation[]): AppError {
  const shown = violations.slice(0, SHOWN_VIOLATIONS).map(({ path, message }) => `${path}: ${message}`)
  return new AppError('INVALID', shown.join('; '))
}

/** Tells whether an object can be called so; nothing is found under anything else, whatever type it has. */
export function canBeName(name: unknown): name is string {
  return typeof name === 'string' && isSubdomain(name)
}

/** @throws AppError `BODY_TOO_LARGE` */
export function checkSize(kind: KindName, text: string): void {
  if (text.length * 3 <= MAX_BYTES || Buffer.byteLength(text) <= MAX_BYTES) return
  throw new AppError('BODY_TOO_LARGE', `a ${kind} may have at most ${MAX_BYTES} bytes`)
}

function checkType(kind: KindName, object: Readonly<Record<string, unknown>>): void {
  if (object['kind'] === kind && object['apiVersion'] === API_VERSION) return
  throw new AppError('REQUEST_MALFORMED', `expected kind ${kind} of ${API_VERSION}`)
}
