import { DatabaseSync } from 'node:sqlite'

import { AppError } from '#core/errors.ts'

import { isBusy, isDamage, toStoreError } from './failure.ts'
import { ensurePrivateFile } from './files.ts'

/** Gives the lock back; safe to call twice. */
export type ReleaseLock = () => void

/**
 * Takes the database file for this process alone.
 *
 * The lock is an exclusive transaction on an empty database beside it: the operating system frees it when the process ends,
 * however it ends, so that no lock is ever stale. It is a file of its own because reading and closing the database file
 * itself, as a copy does, would drop this process's locks on it.
 *
 * @throws AppError `STORE_LOCKED`
 */
export function lockDatabase(path: string): ReleaseLock {
  const lockPath = `${path}.lock`
  ensurePrivateFile(lockPath)
  const connection = new DatabaseSync(lockPath, { timeout: 0 })
  try {
    connection.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    connection.close()
    throw toLockError(error, path)
  }
  return () => {
    if (connection.isOpen) connection.close()
  }
}

function toLockError(error: unknown, path: string): unknown {
  if (isBusy(error)) {
    const message = `${path} is in use by another process; stop that one first or choose another data folder`
    return new AppError('STORE_LOCKED', message, { cause: error })
  }
  if (isDamage(error)) {
    const message = `${path}.lock is not a lock of this program; move that file away and start again`
    return new AppError('STORE_DAMAGED', message, { cause: error })
  }
  return toStoreError(error)
}
