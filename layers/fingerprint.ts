import { hash } from 'node:crypto'

import { CanonicalWriter } from './canonical-writer.ts'
import type { TomlTable, TomlValue } from './value.ts'

/**
 * The version of a layer: changes exactly when its parsed value does, so that comments, the order of keys and the spelling
 * of numbers do not count, while `1` and `1.0`, or an empty table and none, are different.
 *
 * @returns `sha256:` and the hexadecimal SHA-256 of {@link canonicalJson} in UTF-8
 */
export function fingerprint(config: TomlTable): string {
  return `sha256:${hash('sha256', bytesOf(config))}`
}

/**
 * The one text of a value: JSON without white space, keys in the order of their code points, integers exact, floats always
 * told from integers, NaN and the infinities as `null`, a date as an object with one key (spec 07 §7).
 */
export function canonicalJson(value: TomlValue): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytesOf(value))
}

function bytesOf(value: TomlValue): Uint8Array {
  const writer = new CanonicalWriter()
  writer.write(value)
  return writer.bytes()
}
