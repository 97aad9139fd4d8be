import { createDecipheriv } from 'node:crypto'

import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'

/** Reads values that the reference system stored. It never writes any. */
export interface LegacyReader {
  /** `undefined` when it does not open. Such a value is not bound to a place and a change in it may go unnoticed. */
  open(value: string): Secret<string> | undefined
}

/** The reference system's `GIT_TOKEN_AES_KEY` (32 bytes) and `GIT_TOKEN_AES_IV` (16 bytes). */
export interface LegacyKey {
  readonly key: Secret<string>
  readonly iv: Secret<string>
}

const KEY_BYTES = 32
const BLOCK_BYTES = 16

/**
 * Makes a reader of AES-256-CBC with PKCS#7 padding, in padded base64, under one key and one IV for all values.
 *
 * @throws AppError `SETTING_INVALID` for a key or IV of another length
 */
export function createLegacyReader({ key, iv }: LegacyKey): LegacyReader {
  const keyBytes = toBytes('GIT_TOKEN_AES_KEY', key, KEY_BYTES)
  const ivBytes = toBytes('GIT_TOKEN_AES_IV', iv, BLOCK_BYTES)
  return {
    open: (value) => {
      const ciphertext = decode(value)
      return ciphertext && decipher(ciphertext, keyBytes, ivBytes)
    },
  }
}

function toBytes(setting: string, text: Secret<string>, length: number): Secret<Buffer> {
  const bytes = Buffer.from(text.open(), 'utf8')
  if (bytes.length === length) return new Secret(bytes)
  throw new AppError('SETTING_INVALID', `${setting}: expected ${length} bytes, got ${bytes.length}`)
}

function decode(value: string): Buffer | undefined {
  const bytes = Buffer.from(value, 'base64')
  const isWhole = bytes.length > 0 && bytes.length % BLOCK_BYTES === 0
  return isWhole && bytes.toString('base64') === value ? bytes : undefined
}

// One answer for wrong padding and wrong UTF-8 alike: the difference would tell a stranger about the plaintext.
function decipher(ciphertext: Buffer, key: Secret<Buffer>, iv: Secret<Buffer>): Secret<string> | undefined {
  try {
    const cipher = createDecipheriv('aes-256-cbc', key.open(), iv.open())
    const plaintext = Buffer.concat([cipher.update(ciphertext), cipher.final()])
    return new Secret(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plaintext))
  } catch {
    return undefined
  }
}
