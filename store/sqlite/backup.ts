import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { backup } from 'node:sqlite'

import { AppError } from '#core/errors.ts'

import type { Database } from './database.ts'
import { toStoreError } from './failure.ts'
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
  rmSync(partial, { force: true })
  ensurePrivateFile(partial)
  try {
    await backup(database.connection, partial)
    inspectDatabase(partial)
    sync(partial)
    renameSync(partial, target)
    sync(dirname(resolve(target)))
  } catch (error) {
    for (const file of [partial, `${partial}-wal`, `${partial}-shm`]) rmSync(file, { force: true })
    throw toStoreError(error)
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
