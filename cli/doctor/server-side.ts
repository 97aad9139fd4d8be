import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'

import type { Context } from '#cli/context.ts'
import { isAppError } from '#core/errors.ts'
import { openKeyring } from '#secrets/keyring.ts'
import { openSigningKey } from '#secrets/signing.ts'
import { inspectSqliteStore } from '#store/sqlite/inspect-store.ts'

import { type Finding, ok, problem, skipped, warning } from './check.ts'

/** Looks at the data folder: modes, keys, store. Makes and changes nothing: a folder that is not there yet is fine. */
export async function checkDataFolder({ settings }: Context): Promise<readonly Finding[]> {
  const folder = settings.data
  const stats = await look(folder)
  if (typeof stats === 'string') {
    return stats === 'ENOENT'
      ? [skipped('data folder', `${folder} does not exist; runtimeconfig serve makes it`)]
      : [
          problem(
            'data folder',
            `${folder} cannot be looked at (${stats})`,
            'name a folder of yours with --data',
          ),
        ]
  }
  if (!stats.isDirectory())
    return [problem('data folder', `${folder} is a file`, 'name a folder with --data')]
  const database = join(folder, 'runtimeconfig.db')
  const isNeeded = typeof (await look(database)) !== 'string'
  return [
    privateFinding('data folder', folder, stats.mode),
    await checkKey({ check: 'keyring', path: join(folder, 'keyring.json'), isNeeded, open: openKeyring }),
    await checkKey({
      check: 'signing key',
      path: join(folder, 'signing-key.pem'),
      isNeeded,
      open: openSigningKey,
    }),
    await checkStore(database),
  ]
}

interface KeyCheck {
  readonly check: string
  readonly path: string
  /** Without it, what is stored beside it opens no more. */
  readonly isNeeded: boolean
  readonly open: (path: string, options: { readonly readOnly: true }) => Promise<unknown>
}

async function checkKey({ check, path, isNeeded, open }: KeyCheck): Promise<Finding> {
  if (!isNeeded && (await look(path)) === 'ENOENT')
    return skipped(check, `${path} does not exist; runtimeconfig serve makes it`)
  return attempt(check, async () => {
    await open(path, { readOnly: true })
    return ok(check, `${path} is usable`)
  })
}

async function checkStore(path: string): Promise<Finding> {
  const stats = await look(path)
  if (stats === 'ENOENT') return skipped('store', `${path} does not exist; runtimeconfig serve makes it`)
  if (typeof stats === 'string')
    return problem('store', `${path} cannot be looked at (${stats})`, 'let your user own the data folder')
  if ((stats.mode & OTHERS) !== 0) return privateFinding('store', path, stats.mode)
  return attempt('store', async () =>
    inspectSqliteStore(path) === 'in-use'
      ? ok('store', `${path} is in use by a running server`)
      : ok('store', `${path} is whole`),
  )
}

async function attempt(check: string, inspect: () => Promise<Finding>): Promise<Finding> {
  try {
    return await inspect()
  } catch (error) {
    if (isAppError(error))
      return problem(check, error.message, 'follow the message, then run runtimeconfig doctor again')
    throw error
  }
}

const OTHERS = 0o077

function privateFinding(check: string, path: string, mode: number): Finding {
  const shown = (mode & 0o777).toString(8)
  if ((mode & OTHERS) === 0) return ok(check, `${path} is yours alone (${shown})`)
  return warning(check, `${path} can be read by others (${shown})`, `chmod go-rwx ${path}`)
}

// What is there, or the system's code for why that cannot be told.
async function look(path: string): Promise<Stats | string> {
  return stat(path).catch((error: NodeJS.ErrnoException) => error.code ?? error.message)
}
