import type { Clock } from '#core/clock.ts'
import type { Store } from '#store/store.ts'
import type { Tokens } from '#store/tokens.ts'
import type { Users } from '#store/users.ts'

import { backupDatabase } from './backup.ts'
import { ChangeFeed } from './change-feed.ts'
import { ChangeLog } from './change-log.ts'
import { Commits, type StoreLogger } from './commits.ts'
import { Database } from './database.ts'
import { ensurePrivateFile, MEMORY } from './files.ts'
import { inspectDatabase } from './inspect.ts'
import { lockDatabase, type ReleaseLock } from './lock.ts'
import { migrate } from './migrations.ts'
import { ObjectTable } from './object-table.ts'
import { SqliteStore } from './store.ts'
import { SqliteTokens } from './tokens.ts'
import { SqliteUsers } from './users.ts'

export interface SqliteOptions {
  /** The database file, made when it is missing; `:memory:` keeps nothing. */
  readonly path: string
  readonly clock: Clock
  readonly logger?: StoreLogger
  /** How many changes a watch may be behind before it has to list again. */
  readonly historyLimit?: number
}

/** Everything that one database file keeps. */
export interface SqliteStores {
  readonly store: Store
  readonly users: Users
  readonly tokens: Tokens
  /**
   * Copies the database while it is in use to a verified file that only its owner can read; replaces one of that name.
   * Rejects with `STORE_UNAVAILABLE`, and with `SETTING_INVALID` for the path of the database itself.
   */
  readonly backup: (path: string) => Promise<void>
  /** Ends every watch with `STORE_UNAVAILABLE` and frees the file; safe to call twice. */
  readonly close: () => void
}

const DEFAULT_HISTORY_LIMIT = 10_000
const MAX_HISTORY_BYTES = 64 * 1024 * 1024

/**
 * Opens the database of this installation, for this process alone, and brings it to the newest schema.
 *
 * Rejects with `STORE_LOCKED` while another process has it, with `STORE_DAMAGED`, leaving the file as it is, when it is not
 * a database that this program can read, and with `STORE_UNAVAILABLE` when the file system does not let it.
 */
export async function openSqliteStore(options: SqliteOptions): Promise<SqliteStores> {
  const { path, clock } = options
  const release = path === MEMORY ? () => undefined : take(path)
  let database: Database | undefined
  try {
    database = new Database(path)
    migrate(database, new Date(clock.now()).toISOString())
    return assemble(database, options, release)
  } catch (error) {
    database?.close()
    release()
    throw error
  }
}

function take(path: string): ReleaseLock {
  const release = lockDatabase(path)
  try {
    ensurePrivateFile(path)
    inspectDatabase(path)
    return release
  } catch (error) {
    release()
    throw error
  }
}

function assemble(database: Database, options: SqliteOptions, release: ReleaseLock): SqliteStores {
  const { clock, logger, historyLimit = DEFAULT_HISTORY_LIMIT } = options
  const log = new ChangeLog(database, { maxChanges: historyLimit, maxBytes: MAX_HISTORY_BYTES })
  const feed = new ChangeFeed(log)
  const commits = new Commits({ database, log, feed, clock, logger })
  const objects = new ObjectTable(database)
  const users = new SqliteUsers({ database, feed, commits, clock })
  const isUser = (userId: number) => users.has(userId)
  commits.forgetOld()
  return {
    store: new SqliteStore({ objects, log, feed, commits, clock, isUser }),
    users,
    tokens: new SqliteTokens({ database, clock }),
    backup: (target) => backupDatabase(database, target),
    close: () => {
      commits.close()
      feed.close()
      database.close()
      release()
    },
  }
}
