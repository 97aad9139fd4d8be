import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'

import { AppError } from '#core/errors.ts'

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** Path that keeps everything in memory. */
export const MEMORY = ':memory:'

/**
 * Makes the folder and the file where they are missing and closes the file to everyone but its owner. SQLite gives its side
 * files (`-wal`, `-shm`) the mode of the file they belong to. A folder that exists is left as it is.
 *
 * @throws AppError `STORE_UNAVAILABLE`
 */
export function ensurePrivateFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE })
    closeSync(openSync(path, 'a', FILE_MODE))
    for (const file of [path, `${path}-wal`, `${path}-shm`]) closeToOthers(file)
  } catch (error) {
    throw new AppError('STORE_UNAVAILABLE', `cannot make or open ${path} for writing`, { cause: error })
  }
}

function closeToOthers(file: string): void {
  try {
    chmodSync(file, FILE_MODE)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
