import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { HISTORY_AGE_MS } from '#store/sqlite/commits.ts'
import { openSqliteStore, type SqliteOptions, type SqliteStores } from '#store/sqlite/open.ts'

import { FakeClock } from './fake-clock.ts'

type SubjectOptions = Partial<Omit<SqliteOptions, 'path' | 'clock'>> & { readonly names?: readonly string[] }

/** A SQLite store in a folder of its own, with two users unless others are named. */
export async function openSqliteSubject({ names = ['ada', 'bob'], ...options }: SubjectOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-store-'))
  const clock = new FakeClock()
  const path = join(folder, 'runtimeconfig.db')
  let stores: SqliteStores = await openSqliteStore({ path, clock, ...options })
  for (const name of names) await stores.users.create({ name })
  return {
    folder,
    path,
    clock,
    namespaces: ['user-1', 'user-2'] as const,
    userIds: ['1', '2'] as const,
    nobody: 'user-4711',
    get stores() {
      return stores
    },
    get store() {
      return stores.store
    },
    get users() {
      return stores.users
    },
    get tokens() {
      return stores.tokens
    },
    compact: () => clock.advance(2 * HISTORY_AGE_MS),
    reopen: async () => {
      stores.close()
      stores = await openSqliteStore({ path, clock, ...options })
    },
    close: async () => {
      stores.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
