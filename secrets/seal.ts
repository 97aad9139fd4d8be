import { CompactEncrypt, compactDecrypt } from 'jose'

import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'

import { isCanonicalBase64url } from './base64url.ts'
import type { Keyring, KeyringKey } from './keyring.ts'
import type { LegacyReader } from './legacy.ts'

/** Where a sealed value belongs. A value opens there and nowhere else. */
export interface Place {
  /** `User.id`. */
  readonly user: string
  readonly kind: string
  /** `User.namespace`. */
  readonly namespace: string
  readonly name: string
  /** Path of the field inside the object, such as `spec.auth.encryptedValue`. */
  readonly field: string
}

/** The keys that values are sealed with. */
export interface SealingKeys {
  /** `kid` of the one that seals now; another one after a rotation. */
  readonly current: string
  /** Every `kid` that opens, the current one included. */
  readonly all: readonly string[]
}

/** Seals plaintext for one place, and opens what was sealed for it. */
export interface Sealer {
  /** Absent: it tells no keys apart, so nothing can be sealed with the wrong one. */
  readonly keys?: SealingKeys
  /**
   * Gives a JWE (compact) under the current key. Never the same text twice.
   * Rejects with `INVALID` when the plaintext is over 4 MiB or holds half a surrogate pair, which no UTF-8 text can carry.
   */
  seal(plaintext: Secret<string>, place: Place): Promise<string>
  /**
   * Gives the plaintext, whichever key of the keyring it was sealed with.
   * Rejects with `DECRYPT_FAILED` for another place, an unknown key, or any changed bit; the message names the place and what to do.
   */
  open(sealed: string, place: Place): Promise<Secret<string>>
}

const MAX_PLAINTEXT_BYTES = 4 * 1024 * 1024
const MAX_HEADER_CHARS = 16 * 1024
// Base64url is 4/3 of the bytes; the rest is header, IV and tag.
const MAX_SEALED_CHARS = Math.ceil((MAX_PLAINTEXT_BYTES * 4) / 3) + MAX_HEADER_CHARS + 64
const CRIT = { place: true }

/** Makes the sealer of a keyring. With `legacy`, values of the reference system open too; they are never written. */
export function createSealer(keyring: Keyring, options: { readonly legacy?: LegacyReader } = {}): Sealer {
  return {
    keys: {
      get current() {
        return keyring.current.kid
      },
      get all() {
        return [...keyring.keys.keys()]
      },
    },
    seal: (plaintext, place) => seal(keyring.current, plaintext, place),
    open: async (sealed, place) => {
      const opened = await open(sealed, place, { keyring, legacy: options.legacy })
      if (opened instanceof Secret) return opened
      throw new AppError('DECRYPT_FAILED', `${describePlace(place)} does not open: ${opened}`)
    },
  }
}

/** Gives the `kid` that a sealed value names, whether or not it opens. `null`: it names none, like those of the reference system. */
export function kidOf(sealed: string): string | null {
  const end = sealed.indexOf('.')
  if (end < 0 || end > MAX_HEADER_CHARS) return null
  return readKid(sealed.slice(0, end)) ?? null
}

async function seal(key: KeyringKey, plaintext: Secret<string>, place: Place): Promise<string> {
  const text = plaintext.open()
  if (!text.isWellFormed())
    throw new AppError('INVALID', `${describePlace(place)}: expected well-formed Unicode text`)
  const bytes = new TextEncoder().encode(text)
  if (bytes.length > MAX_PLAINTEXT_BYTES) {
    throw new AppError(
      'INVALID',
      `${describePlace(place)}: expected at most ${MAX_PLAINTEXT_BYTES} bytes, got ${bytes.length}`,
    )
  }
  const encryption = new CompactEncrypt(bytes).setProtectedHeader(headerOf(key.kid, place))
  return await encryption.encrypt(key.secret, { crit: CRIT })
}

// `crit` makes any other JWE library refuse the value rather than open it without looking at the place.
function headerOf(kid: string, place: Place) {
  return { alg: 'dir', enc: 'A256GCM', kid, crit: ['place'], place: toPlaceHeader(place) }
}

interface OpenOptions {
  readonly keyring: Keyring
  readonly legacy: LegacyReader | undefined
}

/** Gives the plaintext, or why there is none. */
async function open(sealed: string, place: Place, options: OpenOptions): Promise<Secret<string> | string> {
  if (sealed.length > MAX_SEALED_CHARS)
    return 'it is larger than anything this product seals; store the value again'
  if (!sealed.includes('.')) return openLegacy(sealed, options.legacy)
  const [header, ...rest] = sealed.split('.')
  if (header === undefined || rest.length !== 4 || header.length > MAX_HEADER_CHARS) return DAMAGED
  if (![header, ...rest].every(isCanonicalBase64url)) return DAMAGED
  const key = findKey(header, options.keyring)
  if (typeof key === 'string') return key
  if (header !== encodeHeader(key.kid, place)) return FOREIGN
  return decrypt(sealed, key)
}

const DAMAGED = 'it is damaged; restore it from a backup or store the value again'
const FOREIGN =
  'it was sealed for another place or in another form; store the value again here instead of copying it'
const NOT_SEALED =
  'it is not a sealed value; store the value again, or configure the key of the reference system if it comes from there'

function openLegacy(value: string, legacy: LegacyReader | undefined): Secret<string> | string {
  return legacy === undefined ? NOT_SEALED : (legacy.open(value) ?? DAMAGED)
}

function findKey(header: string, keyring: Keyring): KeyringKey | string {
  const kid = readKid(header)
  if (kid === undefined) return DAMAGED
  const key = keyring.keys.get(kid)
  if (key !== undefined) return key
  return `the key it was sealed with is not in the keyring ${keyring.source}; put that key back or store the value again`
}

function readKid(header: string): string | undefined {
  try {
    const fields: unknown = JSON.parse(Buffer.from(header, 'base64url').toString())
    if (typeof fields !== 'object' || fields === null || !('kid' in fields)) return undefined
    return typeof fields.kid === 'string' ? fields.kid : undefined
  } catch {
    return undefined
  }
}

// The header is compared whole: a different algorithm, a `zip`, an additional field or another order are all refused alike.
function encodeHeader(kid: string, place: Place): string {
  return Buffer.from(JSON.stringify(headerOf(kid, place))).toString('base64url')
}

async function decrypt(sealed: string, key: KeyringKey): Promise<Secret<string> | string> {
  try {
    const { plaintext } = await compactDecrypt(sealed, key.secret, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
      crit: CRIT,
    })
    return new Secret(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plaintext))
  } catch {
    return DAMAGED
  }
}

// An array of strings, because JSON keeps their borders: with a separator `a/b` + `c` would pass for `a` + `b/c`.
function toPlaceHeader(place: Place): string[] {
  return [place.user, place.kind, place.namespace, place.name, place.field]
}

function describePlace(place: Place): string {
  const { user, kind, namespace, name, field } = place
  return `${kind} ${JSON.stringify(`${namespace}/${name}`)} ${field} of user ${JSON.stringify(user)}`
}
