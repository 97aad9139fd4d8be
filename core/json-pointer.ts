import { isRecord } from './json.ts'
import type { JsonObject } from './json.ts'

/**
 * Reads the leaf that an RFC 6901 pointer names, as text.
 *
 * A string is itself, a number its shortest decimal form. `null` for everything else: no such place, an object, a list, a
 * boolean, `null`, a pointer that is none (it starts with `/` and uses `~0`, `~1` only), and an integer too large for two
 * neighbours to stay apart, so that two accounts never look like one.
 */
export function readPointer(value: JsonObject, pointer: string): string | null {
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return null
  let place: unknown = value
  for (const token of pointer.slice(1).split('/')) place = step(place, unescape(token))
  return leafText(place)
}

function unescape(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~')
}

function step(place: unknown, key: string): unknown {
  if (Array.isArray(place)) return /^(?:0|[1-9]\d*)$/.test(key) ? place[Number(key)] : undefined
  return isRecord(place) && Object.hasOwn(place, key) ? place[key] : undefined
}

function leafText(leaf: unknown): string | null {
  if (typeof leaf === 'string') return leaf
  if (typeof leaf !== 'number' || !Number.isFinite(leaf)) return null
  return Number.isInteger(leaf) && !Number.isSafeInteger(leaf) ? null : String(leaf)
}
