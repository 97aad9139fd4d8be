import { AppError } from '#core/errors.ts'

// Primary result codes of SQLite (https://sqlite.org/rescode.html).
const BUSY = 5
const CORRUPT = 11
const NOT_A_DATABASE = 26
const CONSTRAINT = 19
const MISUSE = 21
const GENERIC = 1
const PRIMARY = 0xff

/** Tells whether another connection holds the lock that was wanted. */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY
}

/** Tells whether the file is not what SQLite expects of a database. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error)
  return code === CORRUPT || code === NOT_A_DATABASE
}

/**
 * Translates what `node:sqlite` throws: damage to `STORE_DAMAGED`, a full disk, failed I/O and the like to
 * `STORE_UNAVAILABLE`. A wrong statement or a violated constraint is a bug, and comes back as it is.
 */
export function toStoreError(error: unknown): unknown {
  const code = resultCode(error)
  if (code === undefined || code === CONSTRAINT || code === MISUSE || code === GENERIC) return error
  if (isDamage(error)) {
    return new AppError(
      'STORE_DAMAGED',
      'the database file is damaged; stop the server and restore the last backup',
      { cause: error },
    )
  }
  return new AppError('STORE_UNAVAILABLE', `the database could not be read or written: ${reasonOf(error)}`, {
    cause: error,
  })
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & PRIMARY : undefined
}

// SQLite's own words for the code (`database or disk is full`); they never hold a value.
function reasonOf(error: unknown): string {
  return error instanceof Error && 'errstr' in error ? String(error.errstr) : 'unknown reason'
}
