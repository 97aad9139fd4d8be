import type { Clock } from '#core/clock.ts'
import { isAppError } from '#core/errors.ts'

import type { ChangeFeed } from './change-feed.ts'
import type { ChangeLog } from './change-log.ts'
import type { Change } from './change.ts'
import type { Database } from './database.ts'

/** A change before it has a version. */
export type NewChange = Omit<Change, 'version'>

/** Where the store says what nobody asked it for; a `pino` logger fits. */
export interface StoreLogger {
  warn(fields: object, message: string): void
}

export interface CommitsDeps {
  readonly database: Database
  readonly log: ChangeLog
  readonly feed: ChangeFeed
  readonly clock: Clock
  readonly logger: StoreLogger | undefined
}

/**
 * How long old versions of objects stay readable, and with them the ciphertext of what was replaced or deleted. An idle
 * store forgets them within twice this time.
 */
export const HISTORY_AGE_MS = 60 * 60 * 1000

/** What every write goes through: one transaction, one version, one row in the log, then the watches. */
export class Commits {
  readonly #deps: CommitsDeps
  #cancelExpiry: (() => void) | undefined

  constructor(deps: CommitsDeps) {
    this.#deps = deps
  }

  /** Runs the statements of one change of an object with its version; resolves the version when it is on disk. */
  write(change: NewChange, statements: (version: number) => void): number {
    const version = this.#transact((version) => {
      statements(version)
      this.#deps.log.append({ ...change, version }, this.#deps.clock.now())
    }, change.previous?.json.length ?? 0)
    this.#deps.feed.publish({ ...change, version })
    return version
  }

  /** The same for a change of a user. */
  writeUser(statements: (version: number) => void): number {
    const version = this.#transact((version) => {
      statements(version)
      this.#deps.log.appendOther(version, this.#deps.clock.now())
    }, 0)
    this.#deps.feed.publishUsers()
    return version
  }

  /** Forgets history that is too old now, and again whenever more becomes so. */
  forgetOld(): void {
    const { database, log, clock, logger } = this.#deps
    this.#cancelExpiry?.()
    this.#cancelExpiry = undefined
    try {
      // Only a checkpoint takes what was forgotten out of the write-ahead log as well.
      if (log.forget(clock.now() - HISTORY_AGE_MS)) database.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch (error) {
      // A full disk must not end the process; nothing is lost by trying again later.
      if (!isAppError(error)) throw error
      logger?.warn({ code: error.code }, 'old versions could not be forgotten; trying again later')
    }
    if (log.hasHistory) this.#expectExpiry()
  }

  close(): void {
    this.#cancelExpiry?.()
  }

  #transact(work: (version: number) => void, bytes: number): number {
    const { database, log } = this.#deps
    if (log.isOverBounds) log.forget()
    const version = log.version + 1
    database.transaction(() => work(version))
    log.committed(version, bytes)
    this.#expectExpiry()
    return version
  }

  #expectExpiry(): void {
    this.#cancelExpiry ??= this.#deps.clock.after(HISTORY_AGE_MS, () => this.forgetOld())
  }
}
