import type { KindName } from '#crds/kinds.ts'

/** One change that the server carried out. */
export interface Change {
  readonly kind: KindName
  /** Namespace and name. */
  readonly place: string
  readonly uid: string
  readonly type: 'put' | 'delete'
  /** Of the object after a put; a deletion has none that its answer tells. */
  readonly version: number
  /** A deletion happened after this version and before the next change of the same writer. */
  readonly before: number
}

/** Everything that was changed, in the order of each writer. */
export class Ledger {
  readonly changes: Change[] = []
  /** What the server did, and no answer told: found by looking. */
  doubtful = 0

  note(change: Change): void {
    this.changes.push(change)
  }
}
