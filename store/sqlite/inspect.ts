import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

import { AppError } from '#core/errors.ts'

import { isDamage, toStoreError } from './failure.ts'
import { SCHEMA_VERSION } from './migrations.ts'

/**
 * Checks that a file is a database of this program, whole, and not newer than this program, without changing it. An empty
 * file passes: a first start that was killed leaves one.
 *
 * @param location where to read it, when that is not the path that messages should name
 * @throws AppError `STORE_DAMAGED`, saying what to do, or `STORE_UNAVAILABLE`
 */
export function inspectDatabase(path: string, location: string | URL = path): void {
  if (statSync(path).size === 0) return
  // Read-only: opening for writing would already replay and remove what a killed process left beside the file.
  const connection = openForReading(location)
  try {
    checkSchema(connection, path)
    checkPages(connection, path)
  } catch (error) {
    throw toInspectionError(error, path)
  } finally {
    connection.close()
  }
}

function openForReading(location: string | URL): DatabaseSync {
  try {
    return new DatabaseSync(location, { readOnly: true, timeout: 5000 })
  } catch (error) {
    throw toStoreError(error)
  }
}

function checkSchema(connection: DatabaseSync, path: string): void {
  const tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  if (tables.length === 0) return
  if (!tables.some((table) => table['name'] === 'schema_version')) {
    throw damaged(path, 'is a database of another program; choose another data folder')
  }
  const row = connection.prepare('SELECT max(version) AS version FROM schema_version').get()
  const version = Number(row?.['version'] ?? 0)
  if (version > SCHEMA_VERSION) {
    const found = `has schema version ${version}, this program knows up to ${SCHEMA_VERSION}`
    throw damaged(path, `${found}; start the newer version of this program, or restore an older backup`)
  }
}

function checkPages(connection: DatabaseSync, path: string): void {
  const finding = connection.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (finding !== 'ok') {
    throw damaged(path, 'is damaged and was not changed; move it away and restore the last backup')
  }
}

function toInspectionError(error: unknown, path: string): unknown {
  if (!isDamage(error)) return toStoreError(error)
  return damaged(path, 'is not a readable database and was not changed; restore the last backup', error)
}

function damaged(path: string, what: string, cause?: unknown): AppError {
  return new AppError('STORE_DAMAGED', `${path} ${what}`, { cause })
}
