import { AppError, isAppError } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'
import { API_VERSION } from '#crds/group.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type { ObjectMeta } from '#crds/object.ts'
import { validateObject } from '#crds/validate.ts'
import type { Violation } from '#crds/violation.ts'
import { admit, checkSize, readIncoming, toInvalid } from '#store/admission.ts'
import type { AnyObject } from '#store/any-object.ts'
import { withoutEmpty } from '#store/empty-status.ts'
import type { DeleteOptions, NewObject, ObjectKey } from '#store/store.ts'

import type { KubeClient } from './client.ts'
import { fromAnswer } from './object.ts'
import { collectionPath, objectPath } from './paths.ts'

// Under this name the API server keeps which fields are ours.
const FIELD_MANAGER = 'runtime-config-operator'

// Others write the same object now and then, not all the time: whoever loses this often is told to come back.
const MOST_TRIES = 8

// What a caller decides of metadata; the rest is the API server's.
const WRITABLE = ['labels', 'annotations', 'ownerReferences', 'finalizers'] as const

/** See `Store.get`. */
export async function getObject<K extends KindName>(
  client: KubeClient,
  kind: K,
  key: ObjectKey,
): Promise<ObjectOf<K>> {
  return fromAnswer(kind, await client.request({ method: 'GET', path: objectPath(kind, key) }))
}

/** See `Store.create`. */
export async function createObject<K extends KindName>(
  client: KubeClient,
  kind: K,
  object: NewObject<K>,
): Promise<ObjectOf<K>> {
  const incoming = readIncoming(kind, object)
  const body = toBody(object, { ...placeOf(incoming), ...writable(incoming.metadata) })
  admit(kind, body)
  checkSize(kind, JSON.stringify(body))
  const path = collectionPath(kind, body.metadata.namespace)
  const query = { fieldManager: FIELD_MANAGER }
  return fromAnswer(kind, await client.request({ method: 'POST', path, query, body }))
}

/** See `Store.update`. Without a version it reads the current one, and again when somebody else was faster. */
export async function updateObject<K extends KindName>(
  client: KubeClient,
  kind: K,
  object: NewObject<K>,
): Promise<ObjectOf<K>> {
  const incoming = readIncoming(kind, object)
  const { resourceVersion } = incoming.metadata
  if (resourceVersion) return replace(client, kind, { object, incoming, resourceVersion })
  return untilNobodyElseWrote(async () => {
    const current = await getObject(client, kind, incoming.metadata)
    const { resourceVersion = '' } = current.metadata
    return replace(client, kind, { object, incoming, resourceVersion, current })
  })
}

interface Replacement {
  readonly object: object
  readonly incoming: AnyObject
  readonly resourceVersion: string
  /** Where it is known, transition rules are checked too; else the API server does it alone. */
  readonly current?: AnyObject
}

async function replace<K extends KindName>(
  client: KubeClient,
  kind: K,
  { object, incoming, resourceVersion, current }: Replacement,
): Promise<ObjectOf<K>> {
  const path = objectPath(kind, incoming.metadata)
  const { uid } = incoming.metadata
  const condition = { resourceVersion, ...(uid ? { uid } : {}) }
  const body = toBody(object, { ...placeOf(incoming), ...condition, ...writable(incoming.metadata) })
  const wrong = validateObject(kind, body, current)
  if (wrong.length > 0) throw await toRefusal(client, kind, { incoming, current, wrong })
  checkSize(kind, JSON.stringify(body))
  const query = { fieldManager: FIELD_MANAGER }
  return fromAnswer(kind, await client.request({ method: 'PUT', path, query, body }))
}

/** See `Store.updateStatus`. By server-side apply: fields of the status that we no longer say go away. */
export async function applyStatus<K extends KindName>(
  client: KubeClient,
  kind: K,
  object: ObjectOf<K>,
): Promise<ObjectOf<K>> {
  const incoming = readIncoming(kind, object)
  const wrong = findStatusViolations(kind, incoming)
  if (wrong.length > 0) throw await toRefusal(client, kind, { incoming, wrong })
  const { uid, resourceVersion } = incoming.metadata
  if (resourceVersion || !uid) return sendStatus(client, kind, incoming)
  // An API server does not look at the uid of a status. A version belongs to one object alone.
  return untilNobodyElseWrote(async () => {
    const current = await getObject(client, kind, incoming.metadata)
    const mismatch = findMismatch(current, { uid })
    if (mismatch !== undefined) throw new Settled(mismatch)
    const { resourceVersion = '' } = current.metadata
    return sendStatus(client, kind, { ...incoming, metadata: { ...incoming.metadata, resourceVersion } })
  })
}

// Whatever else is in the object is not sent. Where it is wrong it would hide what is wrong with the status.
function findStatusViolations(kind: KindName, incoming: AnyObject): readonly Violation[] {
  const violations = validateObject(kind, incoming)
  const isOfStatus = ({ path }: Violation) => path.startsWith('status')
  if (violations.every(isOfStatus)) return violations
  const { spec: _, ...rest } = incoming
  return validateObject(kind, { ...rest, metadata: placeOf(incoming) }).filter(isOfStatus)
}

async function sendStatus<K extends KindName>(
  client: KubeClient,
  kind: K,
  incoming: AnyObject,
): Promise<ObjectOf<K>> {
  const { resourceVersion } = incoming.metadata
  const status = withoutEmpty(kind, incoming.status as ObjectOf<K>['status'])
  const body = {
    apiVersion: API_VERSION,
    kind,
    metadata: { ...placeOf(incoming), ...(resourceVersion ? { resourceVersion } : {}) },
    // An apply with an empty status is refused when it takes the last field away.
    ...(status !== undefined && { status }),
  }
  const answer = await client.request({
    method: 'PATCH',
    path: `${objectPath(kind, incoming.metadata)}/status`,
    query: { fieldManager: FIELD_MANAGER, force: true },
    body,
    contentType: 'application/apply-patch+yaml',
  })
  return fromAnswer(kind, answer)
}

/** See `Store.delete`. An API server does not answer with what it deleted, so it is read first. */
export async function deleteObject<K extends KindName>(
  client: KubeClient,
  kind: K,
  { key, preconditions }: { readonly key: ObjectKey; readonly preconditions: DeleteOptions['preconditions'] },
): Promise<ObjectOf<K>> {
  const path = objectPath(kind, key)
  return untilNobodyElseWrote(async () => {
    const current = await getObject(client, kind, key)
    const { uid, resourceVersion } = current.metadata
    const mismatch = findMismatch(current, preconditions)
    if (mismatch !== undefined) throw new Settled(mismatch)
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid, resourceVersion },
      propagationPolicy: 'Background',
    }
    const answer = await client.request({ method: 'DELETE', path, body })
    // While finalizers run the object itself comes back, else a `Status`.
    return isRecord(answer) && answer['kind'] === kind ? fromAnswer(kind, answer) : current
  })
}

interface Judged {
  readonly incoming: AnyObject
  /** What it would replace, where that is known. */
  readonly current?: AnyObject | undefined
  readonly wrong: readonly Violation[]
}

// An API server says first that there is no such object, or another version of it; only then what is wrong with this one.
async function toRefusal(
  client: KubeClient,
  kind: KindName,
  { incoming, current, wrong }: Judged,
): Promise<AppError> {
  const there: AnyObject = current ?? (await getObject(client, kind, incoming.metadata))
  return findMismatch(there, incoming.metadata) ?? toInvalid(wrong)
}

/** Says that an object is not the one that is meant, or no longer. */
function findMismatch(
  { kind, metadata }: AnyObject,
  expected: DeleteOptions['preconditions'] = {},
): AppError | undefined {
  const isAnother = Boolean(expected.uid) && expected.uid !== metadata.uid
  const isNewer = Boolean(expected.resourceVersion) && expected.resourceVersion !== metadata.resourceVersion
  if (!isAnother && !isNewer) return undefined
  const what = isAnother ? 'was deleted and made again' : 'was changed meanwhile'
  return new AppError('CONFLICT', `${kind} ${metadata.name} ${what}; read it and try again`)
}

/** A conflict that trying again does not change. */
class Settled extends Error {
  override readonly cause: AppError

  constructor(cause: AppError) {
    super(cause.message)
    this.cause = cause
  }
}

async function untilNobodyElseWrote<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof Settled) throw error.cause
      if (!isAppError(error, 'CONFLICT') || tries === MOST_TRIES) throw error
    }
  }
}

// With the fields that this version does not know: a newer replica may have set them, and the API server judges them.
function toBody(object: object, metadata: ObjectMeta): AnyObject {
  const { status: _, ...rest } = object as AnyObject
  return { ...rest, metadata }
}

function placeOf({ metadata: { name, namespace } }: AnyObject): Pick<ObjectMeta, 'name' | 'namespace'> {
  return { name, ...(namespace === undefined ? {} : { namespace }) }
}

function writable(metadata: ObjectMeta): Partial<ObjectMeta> {
  return Object.fromEntries(WRITABLE.flatMap((field) => (metadata[field] ? [[field, metadata[field]]] : [])))
}
