import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

import { AppError } from '#core/errors.ts'

import { toStoreError } from './failure.ts'

/** A prepared statement that is kept, with rows of one shape. */
export interface Statement<Row> {
  first(...values: readonly SQLInputValue[]): Row | undefined
  all(...values: readonly SQLInputValue[]): readonly Row[]
  /** Reads row by row; must be finished, or left, before anything else is written. */
  each(...values: readonly SQLInputValue[]): IterableIterator<Row>
  /** How many rows it changed. */
  run(...values: readonly SQLInputValue[]): number
}

// `synchronous=FULL`: a commit that returned is on disk, whatever happens to the machine. `secure_delete`: what is deleted
// is overwritten. `trusted_schema=OFF`: a file from elsewhere cannot make its schema run functions. `wal_autocheckpoint`: 16 MiB
// of log, four times the usual, because folding it back costs two more fsyncs and a walk over the whole file.
const PRAGMAS = `
  PRAGMA busy_timeout = 5000;
  PRAGMA foreign_keys = ON;
  PRAGMA trusted_schema = OFF;
  PRAGMA secure_delete = ON;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA wal_autocheckpoint = 4000;
  PRAGMA journal_size_limit = 67108864;
`

/** One connection to the database, with the errors of the store. */
export class Database {
  readonly #connection: DatabaseSync
  readonly #begin: Statement<never>
  readonly #commit: Statement<never>
  readonly #rollback: Statement<never>

  constructor(path: string) {
    this.#connection = guard(() => {
      const connection = new DatabaseSync(path)
      connection.exec(PRAGMAS)
      return connection
    })
    this.#begin = this.prepare('BEGIN IMMEDIATE')
    this.#commit = this.prepare('COMMIT')
    this.#rollback = this.prepare('ROLLBACK')
  }

  /** For what `node:sqlite` does with a whole connection. */
  get connection(): DatabaseSync {
    return this.#connection
  }

  prepare<Row>(sql: string): Statement<Row> {
    return new KeptStatement<Row>(
      this.#connection,
      guard(() => this.#connection.prepare(sql)),
    )
  }

  execute(sql: string): void {
    guard(() => this.#connection.exec(sql))
  }

  /** Runs the work and commits, or leaves everything as it was. */
  transaction<T>(work: () => T): T {
    this.#begin.run()
    try {
      const result = work()
      this.#commit.run()
      return result
    } catch (error) {
      // SQLite has rolled back by itself after a full disk or failed I/O.
      if (this.#connection.isTransaction) this.#rollback.run()
      throw error
    }
  }

  close(): void {
    if (this.#connection.isOpen) guard(() => this.#connection.close())
  }
}

class KeptStatement<Row> implements Statement<Row> {
  readonly #connection: DatabaseSync
  readonly #statement: StatementSync

  constructor(connection: DatabaseSync, statement: StatementSync) {
    this.#connection = connection
    this.#statement = statement
  }

  first(...values: readonly SQLInputValue[]): Row | undefined {
    return this.#guarded(() => this.#statement.get(...values) as Row | undefined)
  }

  all(...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#guarded(() => this.#statement.all(...values) as Row[])
  }

  each(...values: readonly SQLInputValue[]): IterableIterator<Row> {
    return this.#guarded(() => this.#statement.iterate(...values) as IterableIterator<Row>)
  }

  run(...values: readonly SQLInputValue[]): number {
    return this.#guarded(() => Number(this.#statement.run(...values).changes))
  }

  #guarded<T>(work: () => T): T {
    if (!this.#connection.isOpen) throw new AppError('STORE_UNAVAILABLE', 'the store is closed')
    return guard(work)
  }
}

function guard<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw toStoreError(error)
  }
}
