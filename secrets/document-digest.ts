import { createHmac } from 'node:crypto'

import type { Secret } from '#core/secret.ts'

const KEY = /^[0-9a-f]{64}$/

/**
 * Gives the digest a device reports for a text: lower-case hex HMAC-SHA-256 of its UTF-8 bytes.
 *
 * @param key a device key, 64 lower-case hex characters
 * @param text the normal form of a document, without a newline at its end; or an account id
 */
export function digestUnder(key: Secret<string>, text: string): string {
  const hex = key.open()
  // Decoding hex stops silently at the first wrong character: a wrong key would become a short or empty one.
  if (!KEY.test(hex)) throw new TypeError('expected a device key of 64 lower-case hex characters')
  return createHmac('sha256', Buffer.from(hex, 'hex')).update(text, 'utf8').digest('hex')
}
