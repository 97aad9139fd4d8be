import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'

import type { Context } from '#cli/context.ts'
import type { Settings } from '#cli/resolve-settings.ts'
import { refuseOddCombinations } from '#cli/setting-combinations.ts'
import type { KeyFileOptions } from '#secrets/key-file.ts'
import { openKeyring } from '#secrets/keyring.ts'
import { openSigningKey } from '#secrets/signing.ts'
import { inspectSqliteStore } from '#store/sqlite/inspect-store.ts'

import { attempt, type Finding, ok, problem, skipped, warning } from './check.ts'

/** Looks at what a server stands on. Makes and changes nothing. */
export async function checkServerSide(context: Context): Promise<readonly Finding[]> {
  const { settings, origins } = context
  const combinations = await attempt('settings', async () => {
    refuseOddCombinations(origins)
    return ok('settings', 'they make sense together')
  })
  if (combinations.verdict === 'problem') return [combinations]
  if (settings.store === 'sqlite') return checkDataFolder(settings)
  const { checkCluster } = await import('./cluster-side.ts')
  return [...(await checkKeys(keyChecks(settings, true))), await checkCluster(context)]
}

/** Modes, keys, store; a folder that is not there yet is fine. */
async function checkDataFolder(settings: Settings): Promise<readonly Finding[]> {
  const folder = settings.data
  const stats = await look(folder)
  if (typeof stats === 'string') {
    return stats === 'ENOENT'
      ? [
          skipped('data folder', `${folder} does not exist; runtimeconfig serve makes it`),
          ...(await checkKeys(keyChecks(settings, false).filter(({ isMounted }) => isMounted))),
        ]
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
    ...(await checkKeys(keyChecks(settings, isNeeded))),
    await checkStore(database),
  ]
}

interface KeyCheck {
  readonly check: string
  readonly path: string
  /** Without it, what is stored beside it opens no more. */
  readonly isNeeded: boolean
  readonly isMounted: boolean
  readonly open: (path: string, options: KeyFileOptions) => Promise<unknown>
}

function keyChecks(settings: Settings, isNeeded: boolean): readonly KeyCheck[] {
  const rows = [
    { check: 'keyring', named: settings.keyring, file: 'keyring.json', open: openKeyring },
    { check: 'signing key', named: settings['signing-key'], file: 'signing-key.pem', open: openSigningKey },
  ] as const
  return rows.map(({ check, named, file, open }) => {
    const isMounted = named !== 'auto'
    return {
      check,
      open,
      isMounted,
      path: isMounted ? named : join(settings.data, file),
      isNeeded: isNeeded || isMounted,
    }
  })
}

function checkKeys(checks: readonly KeyCheck[]): Promise<readonly Finding[]> {
  return Promise.all(checks.map(checkKey))
}

async function checkKey({ check, path, isNeeded, isMounted, open }: KeyCheck): Promise<Finding> {
  if (!isNeeded && (await look(path)) === 'ENOENT')
    return skipped(check, `${path} does not exist; runtimeconfig serve makes it`)
  return attempt(check, async () => {
    await open(path, { readOnly: true, isMounted })
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
