import { isDeepStrictEqual } from 'node:util'

import { AppError } from '#core/errors.ts'
import type { ObjectMeta } from '#crds/object.ts'
import type { AnyObject } from '#store/any-object.ts'

/** What an update leads to. `removed`: the last finalizer of an object being deleted went away. */
export interface UpdatePlan {
  readonly result: 'unchanged' | 'changed' | 'removed'
  readonly object: AnyObject
}

/** What only the server knows of a new object. */
export interface Birth {
  readonly uid: string
  /** ISO 8601. */
  readonly creationTimestamp: string
}

// What a caller decides of the metadata; the rest is the server's.
const WRITABLE = ['labels', 'annotations', 'ownerReferences', 'finalizers', 'managedFields'] as const

/** Makes the object that a create stores: the server's metadata set, a status dropped. */
export function planCreate(incoming: AnyObject, { uid, creationTimestamp }: Birth): AnyObject {
  const { status: _, ...rest } = incoming
  const { name, namespace } = incoming.metadata
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid,
    generation: 1,
    creationTimestamp,
    ...writable(incoming.metadata),
  }
  return { ...rest, metadata }
}

/**
 * Makes the object that an update stores: caller's spec and writable metadata, stored status and server's metadata.
 *
 * @throws AppError `CONFLICT`; `INVALID` for a new finalizer on an object that is being deleted
 */
export function planUpdate(current: AnyObject, incoming: AnyObject): UpdatePlan {
  checkIdentity(current, incoming)
  const { status: _, ...rest } = incoming
  const metadata = { ...serverSet(current.metadata), ...writable(incoming.metadata) }
  const kept = current.status === undefined ? {} : { status: current.status }
  const object: AnyObject = { ...rest, metadata, ...kept }
  if (current.metadata.deletionTimestamp !== undefined) {
    checkNoNewFinalizer(current.metadata, metadata)
    if (metadata.finalizers === undefined) return { result: 'removed', object }
  }
  if (isDeepStrictEqual(object, current)) return { result: 'unchanged', object: current }
  const isSpecEqual = isDeepStrictEqual(counted(object), counted(current))
  if (isSpecEqual) return { result: 'changed', object }
  const generation = (current.metadata.generation ?? 0) + 1
  return { result: 'changed', object: { ...object, metadata: { ...metadata, generation } } }
}

/**
 * Makes the object that an update of the status stores: everything but the status as it was.
 *
 * @throws AppError `CONFLICT`
 */
export function planStatusUpdate(current: AnyObject, incoming: AnyObject): UpdatePlan {
  checkIdentity(current, incoming)
  const { status: _, ...rest } = current
  const object = incoming.status === undefined ? rest : { ...rest, status: incoming.status }
  return { result: isDeepStrictEqual(object, current) ? 'unchanged' : 'changed', object }
}

/**
 * Makes the object that a delete leaves behind while its finalizers run. Deleting again changes nothing.
 *
 * `generation` goes up with the deletion, as an API server does it.
 */
export function planDelete(current: AnyObject, deletionTimestamp: string): UpdatePlan {
  const { metadata } = current
  if ((metadata.finalizers ?? []).length === 0) return { result: 'removed', object: current }
  if (metadata.deletionTimestamp !== undefined) return { result: 'unchanged', object: current }
  const generation = (metadata.generation ?? 0) + 1
  return {
    result: 'changed',
    object: { ...current, metadata: { ...metadata, generation, deletionTimestamp } },
  }
}

/** @throws AppError `CONFLICT` when the caller means another object or an older version of it */
export function checkIdentity(
  current: AnyObject,
  expected: { readonly metadata: Partial<ObjectMeta> },
): void {
  const { uid, resourceVersion } = expected.metadata
  const { name } = current.metadata
  if (uid !== undefined && uid !== '' && uid !== current.metadata.uid) {
    throw new AppError(
      'CONFLICT',
      `${current.kind} ${name} was deleted and made again; read it and try again`,
    )
  }
  if (!resourceVersion || resourceVersion === current.metadata.resourceVersion) return
  throw new AppError('CONFLICT', `${current.kind} ${name} was changed meanwhile; read it and try again`)
}

function serverSet(metadata: ObjectMeta): ObjectMeta {
  const kept = Object.entries(metadata).filter(([field]) => !WRITABLE.some((writable) => writable === field))
  return Object.fromEntries(kept) as unknown as ObjectMeta
}

// An empty map or list is the same as none, as an API server stores it.
function writable(metadata: ObjectMeta): Partial<ObjectMeta> {
  const fields: Readonly<Record<string, unknown>> = { ...metadata }
  const given = WRITABLE.map((field) => [field, fields[field]] as const).filter(
    ([, value]) => !isEmpty(value),
  )
  return Object.fromEntries(given)
}

function isEmpty(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0
}

// What `generation` counts: everything but metadata and status.
function counted(object: AnyObject): object {
  const { metadata: _, status: __, ...rest } = object
  return rest
}

function checkNoNewFinalizer(current: ObjectMeta, next: Partial<ObjectMeta>): void {
  const isNew = (finalizer: string) => !(current.finalizers ?? []).includes(finalizer)
  if (!(next.finalizers ?? []).some(isNew)) return
  throw new AppError('INVALID', 'metadata.finalizers: no finalizer can be added to an object being deleted')
}
