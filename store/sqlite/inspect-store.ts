import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

import { AppError } from '#core/errors.ts'

import { isBusy, isDamage, toStoreError } from './failure.ts'
import { inspectDatabase } from './inspect.ts'

/**
 * Looks at the database of an installation from outside: is it in use by a running server, or else whole and of this program.
 *
 * Makes, changes and removes nothing beside the database, and takes no lock; also when the last process was killed.
 *
 * @throws AppError `STORE_DAMAGED`, saying what to do, or `STORE_UNAVAILABLE` when it cannot be read
 */
export function inspectSqliteStore(path: string): 'in-use' | 'usable' {
  if (isInUse(path)) return 'in-use'
  // Even a reader of a write-ahead log makes files beside the database, so one that has a log is looked at in a copy.
  if (sizeOf(`${path}-wal`) > 0) inspectCopy(path)
  else inspectDatabase(path, unchanging(path))
  return 'usable'
}

// Whoever runs holds its lock exclusively, so that not even a read gets through.
function isInUse(path: string): boolean {
  const lockPath = `${path}.lock`
  if (sizeOf(lockPath) < 0) return false
  const connection = openForReading(lockPath)
  try {
    connection.prepare('SELECT count(*) FROM sqlite_schema').get()
    return false
  } catch (error) {
    if (isBusy(error)) return true
    if (!isDamage(error)) throw toStoreError(error)
    const message = `${lockPath} is not a lock of this program; move that file away and start again`
    throw new AppError('STORE_DAMAGED', message, { cause: error })
  } finally {
    connection.close()
  }
}

function openForReading(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { readOnly: true, timeout: 0 })
  } catch (error) {
    throw toStoreError(error)
  }
}

function inspectCopy(path: string): void {
  const folder = makeFolder()
  try {
    const copy = join(folder, 'copy.db')
    copyFile(path, copy)
    copyFile(`${path}-wal`, `${copy}-wal`)
    inspectDatabase(path, copy)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function makeFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'runtimeconfig-doctor-'))
  } catch (cause) {
    const message = `expected to be able to make a folder in ${tmpdir()} for a copy; name another one with TMPDIR`
    throw new AppError('STORE_UNAVAILABLE', message, { cause })
  }
}

function copyFile(from: string, to: string): void {
  try {
    copyFileSync(from, to)
  } catch (cause) {
    throw new AppError('STORE_UNAVAILABLE', `expected to be able to copy ${from} to ${to}`, { cause })
  }
}

function unchanging(path: string): URL {
  const url = pathToFileURL(path)
  url.search = 'immutable=1'
  return url
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1
}
