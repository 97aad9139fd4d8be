import { closeSync, fsyncSync, openSync, renameSync, rmSync, truncateSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { backup } from 'node:sqlite'

import { AppError, isAppError } from '#core/errors.ts'

import type { Database } from './database.ts'
import { ensurePrivateFile } from './files.ts'
import { inspectDatabase } from './inspect.ts'

/**
 * Copies the database while it is in use, checks the copy, and only then gives it its name; a backup of that name is
 * replaced. Readable by its owner only.
 *
 * @throws AppError `STORE_UNAVAILABLE`, or `SETTING_INVALID` for the path of the database itself
 */
export async function backupDatabase(database: Database, target: string): Promise<void> {
  if (database.connection.location() === resolve(target)) {
    throw new AppError('SETTING_INVALID', 'a backup needs a path other than that of the database')
  }
  const partial = `${target}.partial`
  ensurePrivateFile(partial)
  try {
    truncateSync(partial)
    await backup(database.connection, partial)
    inspectDatabase(partial)
    sync(partial)
    // What a use of the older backup left beside it does not belong to this one.
    removeSideFiles(target)
    renameSync(partial, target)
    sync(dirname(resolve(target)))
  } catch (error) {
    throw toBackupError(error, target)
  } finally {
    rmSync(partial, { force: true })
    removeSideFiles(partial)
  }
}

function toBackupError(error: unknown, target: string): AppError {
  if (isAppError(error)) return error
  return new AppError('STORE_UNAVAILABLE', `the backup could not be written to ${target}`, { cause: error })
}

function removeSideFiles(path: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
}

function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
