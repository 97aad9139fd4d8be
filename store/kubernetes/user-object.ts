import { createHash } from 'node:crypto'

import { API_VERSION } from '#crds/group.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { NewObject } from '#store/store.ts'
import type { NewUser, User } from '#store/users.ts'

import { namespaceOf } from './user-names.ts'

type UserObject = ObjectOf<'User'>

/** Reads a User object as a user. One that is being deleted is not active any more. */
export function toUser(object: UserObject): User {
  const { metadata, spec } = object
  const labels = metadata.labels ?? {}
  return {
    id: metadata.name,
    name: spec.subject,
    email: spec.email ?? null,
    role: spec.role ?? 'user',
    namespace: spec.namespace,
    isActive: spec.suspend !== true && metadata.deletionTimestamp === undefined,
    preferences: spec.preferences ?? {},
    ...(Object.keys(labels).length > 0 && { labels }),
    resourceVersion: versionOf(object),
  }
}

/** Makes the object of a new user. */
export function newUserObject(
  objectName: string,
  { name, email, role = 'user' }: NewUser,
): NewObject<'User'> {
  const spec = { subject: name, namespace: namespaceOf(objectName), role }
  return {
    apiVersion: API_VERSION,
    kind: 'User',
    metadata: { name: objectName },
    spec: email === undefined ? spec : { ...spec, email },
  }
}

// Not the object's own: that changes with its status too, which says nothing about the user. A change of the spec shows in
// `generation`, one of the labels only in the labels.
function versionOf({ metadata }: UserObject): string {
  const { uid, generation, deletionTimestamp = null, labels = {} } = metadata
  const sorted = Object.entries(labels).toSorted(([one], [other]) => (one < other ? -1 : 1))
  const text = JSON.stringify([uid, generation, deletionTimestamp, sorted])
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
