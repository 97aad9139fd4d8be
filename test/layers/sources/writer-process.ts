import { dirname } from 'node:path'

import { LayersError } from '#layers/errors.ts'
import { loadConfigLayersState } from '#layers/load.ts'
import { nodeFs } from '#layers/sources/files.ts'
import { writeUserConfig } from '#layers/sources/user-file.ts'

// A process that edits a user's file: FILE TABLE COUNT [VERSION]. Puts the keys k1, k2, … into TABLE, a line for each that
// is written. A refusal ends it, with its code as the last line.
const [userFile = '', table = '', count = '0', expectedVersion] = process.argv.slice(2)
const fs = nodeFs()

function load(): ReturnType<typeof loadConfigLayersState> {
  const overrides = {
    systemConfigPath: '/nowhere/config.toml',
    managedConfigPath: '/nowhere/managed_config.toml',
    requirementsPath: '/nowhere/requirements.toml',
    managedPreferences: {},
  }
  return loadConfigLayersState({ fs, codexHome: dirname(userFile), overrides })
}

try {
  for (let value = 1n; value <= BigInt(count); value += 1n) {
    const edits = [{ keyPath: `${table}.k${String(value)}`, value, mergeStrategy: 'replace' }] as const
    await writeUserConfig({ fs, userFile, load, edits, expectedVersion: expectedVersion ?? null })
    process.stdout.write(`${String(value)}\n`)
  }
} catch (error) {
  if (!(error instanceof LayersError)) throw error
  process.stdout.write(`${error.code}\n`)
}
