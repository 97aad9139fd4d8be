import type { Clock } from '#core/clock.ts'
import { AppError, isAppError } from '#core/errors.ts'

import { type Keyring, openKeyring } from './keyring.ts'

/** What following a mounted keyring takes. */
export interface FollowOptions {
  readonly path: string
  readonly clock: Clock
  /** Called once for each file that cannot be taken: what was there before stays in use. */
  readonly onRefused: (error: AppError) => void
  /** Called when other keys open, or another one seals. */
  readonly onChange?: (keyring: Keyring) => void
}

/** A keyring whose fields are those of the newest file. */
export interface MountedKeyring {
  readonly keyring: Keyring
  readonly stop: () => void
}

const LOOK_EVERY_MS = 10_000

/**
 * How long a new key only opens before it seals. A cluster changes the mounts of its pods one after the other, within a minute and
 * a half; a value that one replica sealed must open on all.
 */
const SEALS_AFTER_MS = 180_000

/**
 * Opens the keyring that something else puts in place, and follows it from then on: new keys open at once, the new current one
 * seals three minutes later. A file that is damaged, or has another device seed, is refused and the one before stays.
 *
 * @throws AppError `KEYRING_UNUSABLE` when the first one cannot be used
 */
export async function followMountedKeyring(options: FollowOptions): Promise<MountedKeyring> {
  const first = await openKeyring(options.path, { isMounted: true })
  const follower = new Follower(first, options)
  return { keyring: follower, stop: () => follower.stop() }
}

class Follower implements Keyring {
  readonly source: string
  readonly deviceSeed: Keyring['deviceSeed']
  current: Keyring['current']
  keys: Keyring['keys']
  readonly #options: FollowOptions
  #newest: Keyring
  #refusal = ''
  #cancelLook: () => void = () => undefined
  #cancelAdoption: () => void = () => undefined
  #isStopped = false

  constructor(first: Keyring, options: FollowOptions) {
    this.source = first.source
    this.deviceSeed = first.deviceSeed
    this.current = first.current
    this.keys = first.keys
    this.#newest = first
    this.#options = options
    this.#lookLater()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelLook()
    this.#cancelAdoption()
  }

  #lookLater(): void {
    this.#cancelLook = this.#options.clock.after(LOOK_EVERY_MS, () => void this.#look())
  }

  async #look(): Promise<void> {
    try {
      const found = await openKeyring(this.#options.path, { isMounted: true })
      if (!this.#isStopped) this.#take(found)
    } catch (error) {
      if (!isAppError(error)) throw error
      this.#refuse(error)
    }
    if (!this.#isStopped) this.#lookLater()
  }

  #take(found: Keyring): void {
    if (!found.deviceSeed.equals(this.deviceSeed)) return this.#refuse(otherSeed(found))
    this.#refusal = ''
    if (isSame(found, this.#newest)) return
    this.#newest = found
    this.keys = found.keys
    this.#cancelAdoption()
    const canStillSeal = found.keys.get(this.current.kid)?.secret.equals(this.current.secret) === true
    if (!canStillSeal || this.current.kid === found.current.kid) this.current = found.current
    else this.#cancelAdoption = this.#options.clock.after(SEALS_AFTER_MS, () => this.#adopt(found))
    this.#options.onChange?.(this)
  }

  #adopt(found: Keyring): void {
    this.current = found.current
    this.#options.onChange?.(this)
  }

  #refuse(error: AppError): void {
    if (error.message === this.#refusal) return
    this.#refusal = error.message
    this.#options.onRefused(error)
  }
}

function isSame(one: Keyring, other: Keyring): boolean {
  if (one.current.kid !== other.current.kid || one.keys.size !== other.keys.size) return false
  return [...one.keys.values()].every(
    ({ kid, secret }) => other.keys.get(kid)?.secret.equals(secret) === true,
  )
}

function otherSeed({ source }: Keyring): AppError {
  return new AppError(
    'KEYRING_UNUSABLE',
    `the keyring ${source} cannot be taken: expected the deviceSeed that it had before, got another; put it back, or restart every replica: all devices then report anew`,
  )
}
