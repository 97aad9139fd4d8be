import { join } from 'node:path'

import { openKeyring, type Keyring } from '#secrets/keyring.ts'
import { followMountedKeyring } from '#secrets/mounted.ts'
import { openSigningKey, type SigningKey } from '#secrets/signing.ts'

import type { FoundationDeps } from './foundation.ts'

/** The keys of a server. */
export interface Keys {
  readonly keyring: Keyring
  readonly signingKey: SigningKey
  /** Looks at files no more. */
  stop(): void
}

/**
 * Opens the files that the settings name, and follows the keyring from then on; another signing key takes a restart. What they
 * leave to the server is in the data folder, made unless `mustExist`.
 *
 * @throws AppError `KEYRING_UNUSABLE`
 */
export async function openKeys(deps: FoundationDeps, own: { readonly mustExist: boolean }): Promise<Keys> {
  const { settings } = deps
  if (settings.keyring === 'auto') {
    const keyring = await openKeyring(join(settings.data, 'keyring.json'), own)
    return { keyring, signingKey: await openNamedSigningKey(settings, own), stop: () => undefined }
  }
  const signingKey = await openNamedSigningKey(settings, own)
  const { keyring, stop } = await follow(settings.keyring, deps)
  return { keyring, signingKey, stop }
}

/** Opens the key that signs users' tokens. @throws AppError `KEYRING_UNUSABLE` */
export async function openNamedSigningKey(
  { data, 'signing-key': named }: Pick<FoundationDeps['settings'], 'data' | 'signing-key'>,
  own: { readonly mustExist: boolean },
): Promise<SigningKey> {
  return named === 'auto'
    ? openSigningKey(join(data, 'signing-key.pem'), own)
    : openSigningKey(named, { isMounted: true })
}

function follow(path: string, { clock, logger }: FoundationDeps) {
  return followMountedKeyring({
    path,
    clock,
    onRefused: (error) =>
      logger.error({ err: error }, 'the keyring changed and cannot be used; the one before stays'),
    onChange: ({ current, keys }) =>
      logger.info({ current: current.kid, keys: keys.size }, 'the keyring changed'),
  })
}
