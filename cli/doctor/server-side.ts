import { stat } from 'node:fs/promises'
import { join } from 'node:path'

import type { Context } from '#cli/context.ts'
import { isAppError } from '#core/errors.ts'
import { openKeyring } from '#secrets/keyring.ts'
import { openSigningKey } from '#secrets/signing.ts'
import { openSqliteStore } from '#store/sqlite/open.ts'

import { type Finding, ok, problem, skipped, warning } from './check.ts'

/** Looks at the data folder: modes, keys, store. Makes nothing: a folder that is not there yet is fine. */
export async function checkDataFolder({ settings, clock }: Context): Promise<readonly Finding[]> {
  const folder = settings.data
  const mode = await modeOf(folder)
  if (mode === null) return [skipped('data folder', `${folder} does not exist; runtimeconfig serve makes it`)]
  return [
    privateFinding('data folder', folder, mode),
    await checkKey('keyring', join(folder, 'keyring.json'), openKeyring),
    await checkKey('signing key', join(folder, 'signing-key.pem'), openSigningKey),
    await checkStore(join(folder, 'runtimeconfig.db'), (path) => openSqliteStore({ path, clock })),
  ]
}

async function checkKey(
  check: string,
  path: string,
  open: (path: string) => Promise<unknown>,
): Promise<Finding> {
  if ((await modeOf(path)) === null)
    return skipped(check, `${path} does not exist; runtimeconfig serve makes it`)
  return attempt(check, async () => {
    await open(path)
    return ok(check, `${path} is usable`)
  })
}

async function checkStore(
  path: string,
  open: (path: string) => Promise<{ close(): void | Promise<void> }>,
): Promise<Finding> {
  const mode = await modeOf(path)
  if (mode === null) return skipped('store', `${path} does not exist; runtimeconfig serve makes it`)
  if ((mode & 0o077) !== 0) return privateFinding('store', path, mode)
  return attempt('store', async () => {
    const store = await open(path)
    await store.close()
    return ok('store', `${path} opens`)
  })
}

async function attempt(check: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look()
  } catch (error) {
    if (isAppError(error, 'STORE_LOCKED')) return ok(check, 'in use by a running server')
    if (isAppError(error))
      return problem(check, error.message, 'follow the message, then run runtimeconfig doctor again')
    throw error
  }
}

function privateFinding(check: string, path: string, mode: number): Finding {
  const shown = (mode & 0o777).toString(8)
  if ((mode & 0o077) === 0) return ok(check, `${path} is yours alone (${shown})`)
  return warning(check, `${path} can be read by others (${shown})`, `chmod go-rwx ${path}`)
}

async function modeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mode
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
