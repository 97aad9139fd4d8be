import type { ObjectMeta } from '#crds/object.ts'

/** What is common to the objects of all kinds. */
export interface AnyObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly spec?: unknown
  readonly status?: unknown
}
