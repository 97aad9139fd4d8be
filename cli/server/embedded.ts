import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { installBuiltInRuntimes } from '#cli/built-in-runtimes.ts'
import { requireFolderOrNothing } from '#cli/data-folder.ts'
import { openSqliteStore } from '#store/sqlite/open.ts'

import { aloneFleet } from './alone-fleet.ts'
import type { Foundation, FoundationDeps } from './foundation.ts'
import { openVerifiers } from './identity.ts'
import { openKeys } from './keys.ts'

/**
 * Opens a server of its own: a SQLite file in the data folder, and keys beside it that are made at first start unless a setting
 * names others.
 *
 * @throws AppError `SETTING_INVALID`, `KEYRING_UNUSABLE`, `STORE_LOCKED` or `STORE_DAMAGED`
 */
export async function openEmbedded(deps: FoundationDeps): Promise<Foundation> {
  const { settings, clock, logger } = deps
  await requireFolderOrNothing(settings.data)
  const database = join(settings.data, 'runtimeconfig.db')
  // Beside a store that is there, a missing key is a lost key: a new one would open nothing that is stored.
  const keys = await openKeys(deps, { mustExist: existsSync(database) })
  const stores = await openSqliteStore({ path: database, clock, logger })
  return {
    ...stores,
    ...keys,
    maxSilenceMs: null,
    moreVerifiers: await openVerifiers({ settings, clock, logger, tokens: stores.tokens }),
    forManager: {},
    prepare: () => installBuiltInRuntimes(stores.store),
    joinFleet: aloneFleet,
    start: async () => {},
    release: async () => {},
    close: async () => {
      keys.stop()
      stores.close()
    },
  }
}
