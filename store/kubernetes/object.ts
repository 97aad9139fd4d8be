import { AppError } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'

// What the port promises of metadata. Who manages which field is an affair of the API server: it would be half of every object.
const KEPT = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
] as const

/**
 * Reads an object of a kind as an API server gives it. Its CRD was held against it when it was stored.
 *
 * @throws AppError `STORE_UNAVAILABLE` for what is no object
 */
export function fromAnswer<K extends KindName>(kind: K, answer: unknown): ObjectOf<K> {
  const metadata = isRecord(answer) ? answer['metadata'] : undefined
  if (!isRecord(answer) || !isRecord(metadata)) {
    throw new AppError('STORE_UNAVAILABLE', `the API server answered something that is no ${kind}`)
  }
  const kept = KEPT.flatMap((field) =>
    metadata[field] === undefined ? [] : [[field, metadata[field]] as const],
  )
  return { ...answer, metadata: Object.fromEntries(kept) } as unknown as ObjectOf<K>
}
