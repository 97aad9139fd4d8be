import { LayersError } from '#layers/errors.ts'
import type { TomlTable } from '#layers/value.ts'

import type { ReadOptions } from './cursor.ts'
import { readInOnePass } from './one-pass.ts'
import { openingOf } from './opening.ts'
import { parseTomlSyntax } from './parse.ts'
import { toTable } from './table.ts'

/**
 * Reads a TOML text in the dialect of the CLIs (spec 07 §3).
 *
 * @throws LayersError `configSyntaxError` or `configTooDeep`, with the range and the line
 */
export function readToml(text: string, options: ReadOptions = {}): TomlTable {
  return readInOnePass(text, options) ?? readInTwoPasses(text, options)
}

function readInTwoPasses(text: string, options: ReadOptions): TomlTable {
  try {
    return toTable(parseTomlSyntax(text, options))
  } catch (error) {
    const line = error instanceof LayersError ? error.place.range?.line : undefined
    throw error instanceof LayersError && line !== undefined ? error.below(openingOf(text, line)) : error
  }
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The text of a file. A byte-order mark stays in it, because columns count it.
 *
 * @throws LayersError `configUnreadable` if the bytes are not UTF-8
 */
export function readTomlBytes(bytes: Uint8Array): string {
  try {
    return STRICT.decode(bytes)
  } catch (cause) {
    throw new LayersError('configUnreadable', 'expected text in UTF-8, got other bytes', { cause })
  }
}
