import { onTestFinished } from 'vitest'

import type { Clock } from '#core/clock.ts'
import { openSqliteStore } from '#store/sqlite/open.ts'
import type { Tokens } from '#store/tokens.ts'
import type { Users } from '#store/users.ts'

/** People and their tokens. */
export interface Accounts {
  readonly users: Users
  readonly tokens: Tokens
}

/** Opens a store of one test's own, closed when the test ends. */
export async function openAccounts(clock: Clock): Promise<Accounts> {
  const stores = await openSqliteStore({ path: ':memory:', clock })
  onTestFinished(() => stores.close())
  return { users: stores.users, tokens: stores.tokens }
}
