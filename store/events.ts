import type { KindName, ObjectOf } from '#crds/kinds.ts'

/** Something a user would ask about, told beside the object it happened to. */
export interface ObjectEvent {
  readonly object: ObjectOf<KindName>
  readonly type: 'Normal' | 'Warning'
  /** One constant word in CamelCase, at most 128 characters. */
  readonly reason: string
  /** A sentence for people, without content of any document; at most 1024 characters are kept. */
  readonly message: string
  /** What was being done, one constant word such as `Sync`. */
  readonly action: string
}

/** Tells users what happened. Where nobody could read it, nothing is recorded. */
export interface EventRecorder {
  /** Returns at once. The same again is counted, not repeated; when there are too many, or it cannot be written, some are lost. */
  record(event: ObjectEvent): void
}
