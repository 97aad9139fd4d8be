import { randomBytes } from 'node:crypto'

import { type Keyring, parseKeyring } from '#secrets/keyring.ts'
import type { Place } from '#secrets/seal.ts'
import { parseSigningKey, type SigningKey } from '#secrets/signing.ts'

/** A fixed Ed25519 key of no installation. */
const PEM = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
`

export function aKeyText(): string {
  return randomBytes(32).toString('base64url')
}

/** The content of a keyring file, with one random key unless told otherwise. */
export function aKeyringFile(overrides: Readonly<Record<string, unknown>> = {}) {
  return {
    version: 1,
    current: 'k1',
    keys: [{ kid: 'k1', key: aKeyText() }],
    deviceSeed: aKeyText(),
    ...overrides,
  }
}

export function aKeyring(overrides: Readonly<Record<string, unknown>> = {}): Keyring {
  return parseKeyring(JSON.stringify(aKeyringFile(overrides)), 'test keyring')
}

export function aSigningKey(): SigningKey {
  return parseSigningKey(PEM, 'test key')
}

export function aPlace(overrides: Partial<Place> = {}): Place {
  return {
    user: '7',
    kind: 'UserRuntimeConfig',
    namespace: 'user-7',
    name: 'codex',
    field: 'spec.auth.encryptedValue',
    ...overrides,
  }
}
