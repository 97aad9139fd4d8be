import { AppError } from '#core/errors.ts'
import { KIND_NAMES, type KindName } from '#crds/kinds.ts'

import type { ChangeLog } from './change-log.ts'
import type { Change } from './change.ts'
import { RecentChanges } from './recent-changes.ts'

/** Hears of every commit: which kind changed, or `users`. `closed` is the last call. */
export type CommitListener = (changed: KindName | 'users' | 'closed') => void

// Few, because rows of the log can be large and each watch that lags holds one batch.
const BATCH = 16

/** Changes after a version. */
export interface Batch {
  readonly changes: readonly Change[]
  /** The watch has seen everything up to here. */
  readonly upTo: number
}

/** Gives watches their changes: from memory while they keep up, from the log when they lag or resume. */
export class ChangeFeed {
  readonly #log: ChangeLog
  readonly #recent: ReadonlyMap<KindName, RecentChanges>
  readonly #listeners = new Set<CommitListener>()
  #isClosed = false

  constructor(log: ChangeLog) {
    this.#log = log
    this.#recent = new Map(KIND_NAMES.map((kind) => [kind, new RecentChanges(log.version)]))
  }

  get version(): number {
    return this.#log.version
  }

  /** Called after the commit of an object's change. */
  publish(change: Change): void {
    this.#recent.get(change.kind)?.push(change)
    this.#tell(change.kind)
  }

  /** Called after the commit of a change to the users. */
  publishUsers(): void {
    this.#tell('users')
  }

  /** @throws AppError `EXPIRED` when the log does not go back that far; `STORE_UNAVAILABLE` when the store is closed */
  read(kind: KindName, after: number): Batch {
    this.checkIsOpen()
    const recent = this.#recent.get(kind)?.read(after, BATCH)
    if (recent === undefined) this.#log.checkIsKept(after)
    const changes = recent ?? this.#log.read(kind, after, BATCH)
    const last = changes.at(-1)
    return { changes, upTo: last && changes.length === BATCH ? last.version : this.version }
  }

  subscribe(listener: CommitListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  checkIsOpen(): void {
    if (this.#isClosed) throw new AppError('STORE_UNAVAILABLE', 'the store is closed')
  }

  /** Wakes every watch to find the store closed. */
  close(): void {
    this.#isClosed = true
    this.#tell('closed')
  }

  #tell(changed: Parameters<CommitListener>[0]): void {
    for (const listener of this.#listeners) listener(changed)
  }
}
