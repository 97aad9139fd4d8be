import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'

import { z } from 'zod'

import { AppError } from '#core/errors.ts'

import { isCanonicalBase64url } from './base64url.ts'
import { type KeyFileOptions, openKeyFile } from './key-file.ts'

/** One sealing key. A `KeyObject` prints nothing of its bytes. */
export interface KeyringKey {
  readonly kid: string
  readonly secret: KeyObject
}

/** The keys of this installation. */
export interface Keyring {
  /** Where it came from, for messages: a path, or the name of a setting. */
  readonly source: string
  /** What new values are sealed with. */
  readonly current: KeyringKey
  /** All keys by `kid`, the current one included. */
  readonly keys: ReadonlyMap<string, KeyringKey>
  /** What device keys are derived from; stays the same when keys rotate. */
  readonly deviceSeed: KeyObject
}

const KEY_BYTES = 32
// 32 random bytes have fewer distinct values than this once in 10^20 keyrings; typed or repeated ones nearly always do.
const MIN_DISTINCT_BYTES = 12
const MAX_KEYS = 1000

const keyText = z
  .string('expected a string')
  .refine(isCanonicalBase64url, 'expected base64url without padding')
  .refine((text) => Buffer.from(text, 'base64url').length === KEY_BYTES, `expected ${KEY_BYTES} bytes of key`)
  .refine(looksRandom, 'expected random bytes, got a pattern')

const kidText = z
  .string('expected a string')
  .regex(/^[\w.-]{1,64}$/, 'expected 1 to 64 letters, digits, dots, dashes or underscores')

const keyringText = z.object(
  {
    version: z.literal(1, 'expected version 1'),
    current: kidText,
    keys: z
      .array(z.object({ kid: kidText, key: keyText }, 'expected an object'), 'expected a list of keys')
      .min(1, 'expected at least one key')
      .max(MAX_KEYS, `expected at most ${MAX_KEYS} keys`),
    deviceSeed: keyText,
  },
  'expected an object',
)

/**
 * Opens the keyring file, made with one random key at first start.
 *
 * Processes that start at once agree on one file. A file that is there is never changed.
 *
 * @throws AppError `KEYRING_UNUSABLE` when it is unreadable, readable by others, malformed, or has a short or repeated key
 */
export async function openKeyring(path: string, options: KeyFileOptions = {}): Promise<Keyring> {
  const text = await openKeyFile({ path, noun: 'keyring', create: createKeyringText, ...options })
  return parseKeyring(text, path)
}

/**
 * Reads the text of a keyring: of a file, a mounted Secret or the environment.
 *
 * @param source named in messages
 * @throws AppError `KEYRING_UNUSABLE`
 */
export function parseKeyring(text: string, source: string): Keyring {
  const { keys, current, deviceSeed } = parseText(text, source)
  const byKid = new Map(keys.map(({ kid, key }) => [kid, { kid, secret: toKeyObject(key) }]))
  const currentKey = byKid.get(current)
  if (currentKey === undefined) throw unusable(source, 'current: no key has this kid')
  return { source, current: currentKey, keys: byKid, deviceSeed: toKeyObject(deviceSeed) }
}

function parseText(text: string, source: string): z.output<typeof keyringText> {
  const parsed = keyringText.safeParse(parseJson(text, source))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw unusable(source, `${issue?.path.join('.') || 'content'}: ${issue?.message ?? 'not valid'}`)
  }
  const { keys, deviceSeed } = parsed.data
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length)
    throw unusable(source, 'keys: the same kid is there twice')
  if (new Set([...keys.map(({ key }) => key), deviceSeed]).size <= keys.length)
    throw unusable(source, 'keys: the same key is there twice')
  return parsed.data
}

/** Makes the text of a new keyring, with one random key. */
export function createKeyringText(): string {
  const added = randomKeyringKey()
  return toText({ version: 1, current: added.kid, keys: [added], deviceSeed: randomKey() })
}

/**
 * Adds a random key to a keyring and makes it the current one. All others stay: they open what was sealed with them.
 *
 * @param source of the text, named in messages
 * @throws AppError `KEYRING_UNUSABLE`, also for a keyring that is full
 */
export function addKeyringKey(text: string, source: string): string {
  const { keys, deviceSeed } = parseText(text, source)
  if (keys.length >= MAX_KEYS) throw unusable(source, `keys: expected at most ${MAX_KEYS - 1} before another`)
  const added = randomKeyringKey()
  return toText({ version: 1, current: added.kid, keys: [...keys, added], deviceSeed })
}

function randomKeyringKey(): { readonly kid: string; readonly key: string } {
  return { kid: `key-${randomBytes(6).toString('hex')}`, key: randomKey() }
}

function toText(keyring: z.input<typeof keyringText>): string {
  return `${JSON.stringify(keyring, null, 2)}\n`
}

function randomKey(): string {
  return randomBytes(KEY_BYTES).toString('base64url')
}

function looksRandom(text: string): boolean {
  return new Set(Buffer.from(text, 'base64url')).size >= MIN_DISTINCT_BYTES
}

function toKeyObject(text: string): KeyObject {
  return createSecretKey(Buffer.from(text, 'base64url'))
}

// No `cause`: the parser's own message quotes the text, and the text is keys.
function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unusable(source, 'expected JSON')
  }
}

function unusable(source: string, why: string): AppError {
  return new AppError(
    'KEYRING_UNUSABLE',
    `the keyring ${source} cannot be used: ${why}; restore it from a backup`,
  )
}
