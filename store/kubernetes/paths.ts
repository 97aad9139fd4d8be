import { AppError } from '#core/errors.ts'
import { GROUP, VERSION } from '#crds/group.ts'
import { type KindName, KINDS } from '#crds/kinds.ts'
import { isLabelName } from '#crds/metadata.ts'
import { canBeName } from '#store/admission.ts'
import type { ObjectKey } from '#store/store.ts'

const BASE = `/apis/${GROUP}/${VERSION}`

/** The path of all objects of a kind, or of those in one namespace. */
export function collectionPath(kind: KindName, namespace?: string): string {
  const { plural, isNamespaced } = KINDS[kind]
  if (!isNamespaced || namespace === undefined) return `${BASE}/${plural}`
  return `${BASE}/namespaces/${encodeURIComponent(namespace)}/${plural}`
}

/**
 * The path of one object.
 *
 * @throws AppError `REQUEST_MALFORMED` without the namespace that it needs, `NOT_FOUND` for what no object can be called:
 *   an empty name would ask for all of them
 */
export function objectPath(kind: KindName, { namespace, name }: ObjectKey): string {
  if (KINDS[kind].isNamespaced) {
    if (namespace === undefined) throw new AppError('REQUEST_MALFORMED', `a ${kind} needs a namespace`)
    if (!isLabelName(namespace)) throw new AppError('NOT_FOUND', 'there is no namespace of that name')
  }
  if (!canBeName(name)) throw new AppError('NOT_FOUND', `there is no ${kind} of that name`)
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`
}
