import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join, basename } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'

import { LayersError } from '#layers/errors.ts'

import { giveTo, ownerFor } from './file-owner.ts'

/**
 * Does something while no other process does it for the same file.
 *
 * The lock is an exclusive transaction on an empty database beside the file, `.<name>.lock`: the operating system frees it
 * when the process ends, however it ends, so no lock is ever stale and none has to be judged by its age. The empty file stays
 * there, because taking it away would take it from whoever waits for it.
 *
 * @throws LayersError `configUnreadable` when the lock cannot be had in half a minute
 */
export async function withFileLock<Value>(path: string, act: () => Promise<Value>): Promise<Value> {
  const lockPath = join(dirname(path), `.${basename(path)}.lock`)
  const lock = await takeLock(path, lockPath)
  try {
    return await act()
  } finally {
    lock.close()
  }
}

/** A write takes milliseconds; whoever holds the lock this long has stopped. */
const PATIENCE_MS = 30_000

async function takeLock(path: string, lockPath: string): Promise<DatabaseSync> {
  await makeLockFile(lockPath)
  // Loaded here, so that reading layers does not pay for it.
  const { DatabaseSync } = await import('node:sqlite')
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const connection = new DatabaseSync(lockPath, { timeout: 0 })
    try {
      connection.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      return connection
    } catch (error) {
      connection.close()
      if (!isBusy(error)) throw unusable(lockPath, error)
      if (Date.now() > until) throw busy(path, error)
    }
    // Not always the same pause: two that wait must not meet again and again.
    await setTimeout(2 + Math.random() * 15)
  }
}

// A link in the lock's place would make an administrator create a file wherever it leads.
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW

async function makeLockFile(lockPath: string): Promise<void> {
  const owner = await ownerFor(lockPath)
  const handle = await open(lockPath, FLAGS, 0o600)
  try {
    await giveTo(owner, handle)
  } finally {
    await handle.close()
  }
}

const SQLITE_BUSY = 5

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}

function busy(path: string, cause: unknown): LayersError {
  const reason = `another process has been writing it for ${String(PATIENCE_MS / 1000)} seconds; end that one and try again`
  return new LayersError('configUnreadable', reason, { path, cause })
}

function unusable(lockPath: string, cause: unknown): LayersError {
  return new LayersError(
    'configUnreadable',
    'expected an empty file that serves as a lock, got something else',
    {
      path: lockPath,
      cause,
    },
  )
}
