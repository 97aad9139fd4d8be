import { readIn } from '#layers/errors.ts'
import type { LayerRules } from '#layers/rules.ts'
import { readToml, readTomlBytes } from '#layers/toml/read.ts'
import type { TomlTable } from '#layers/value.ts'

import type { LayersFs } from './files.ts'

/** A file that was read: its settings, and its text for telling where in it something is. */
export interface ConfigFile {
  readonly path: string
  readonly text: string
  readonly table: TomlTable
}

/** Starts reading a file that will be asked for soon. What goes wrong is told to who asks, if anybody still does. */
export function readAhead(path: string, fs: LayersFs): Promise<Uint8Array | null> {
  const bytes = fs.readFile(path)
  bytes.catch(() => undefined)
  return bytes
}

/**
 * Makes a file of the bytes that were read of it.
 *
 * @returns null for null, a file that is missing
 * @throws LayersError with the path: `configUnreadable`, `configSyntaxError` or `configTooDeep`
 */
export function toConfigFile(path: string, bytes: Uint8Array | null, rules: LayerRules): ConfigFile | null {
  if (bytes === null) return null
  return readIn(path, () => {
    const text = readTomlBytes(bytes)
    return { path, text, table: readToml(text, rules) }
  })
}
