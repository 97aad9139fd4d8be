import { DatabaseSync } from 'node:sqlite'

import { describe, expect, it } from 'vitest'

import { isAppError } from '#core/errors.ts'
import { isBusy, isDamage, toStoreError } from '#store/sqlite/failure.ts'

function sqliteError(errcode: number, errstr = 'some reason'): Error {
  return Object.assign(new Error('message'), { code: 'ERR_SQLITE_ERROR', errcode, errstr })
}

describe('errors of SQLite', () => {
  it.each([
    ['a full disk', 13, 'database or disk is full'],
    ['failed I/O', 10 | (3 << 8), 'disk I/O error'],
    ['a file that cannot be opened', 14, 'unable to open database file'],
    ['a lock that does not go away', 5, 'database is locked'],
    ['a read-only file', 8, 'attempt to write a readonly database'],
  ])('are STORE_UNAVAILABLE for %s', (_what, errcode, errstr) => {
    const cause = sqliteError(errcode, errstr)
    const error = toStoreError(cause)
    expect(error).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: `the database could not be read or written: ${errstr}`,
      cause,
    })
  })

  it.each([11, 26, 11 | (1 << 8)])('are STORE_DAMAGED for code %d', (errcode) => {
    expect(toStoreError(sqliteError(errcode))).toMatchObject({ code: 'STORE_DAMAGED' })
    expect(isDamage(sqliteError(errcode))).toBe(true)
  })

  it('stay what they are when they are bugs', () => {
    const bugs = [
      sqliteError(1),
      sqliteError(19 | (8 << 8)),
      sqliteError(21),
      new TypeError('x'),
      'text',
      null,
    ]
    for (const bug of bugs) expect(toStoreError(bug)).toBe(bug)
  })

  it('are recognised as node:sqlite really throws them', () => {
    const database = new DatabaseSync(':memory:')
    database.exec('PRAGMA max_page_count = 1')
    const error = toStoreError(caught(() => database.exec('CREATE TABLE t (x); CREATE TABLE u (x)')))
    expect(isAppError(error, 'STORE_UNAVAILABLE')).toBe(true)
    expect(isBusy(error)).toBe(false)
    database.close()
  })
})

function caught(act: () => void): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('expected an error')
}
