import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
} from 'jose'
import { z } from 'zod'

import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'

import type { Logger } from './logger.ts'

/** Whose keys are looked for. */
export interface ProviderKeysOptions {
  /** As its tokens spell it. */
  readonly issuer: string
  readonly clock: Clock
  readonly logger: Pick<Logger, 'warn'>
  /** How long after the keys were read an unknown one is not looked for again, ms. Default 30 000. */
  readonly cooldownMs?: number
  /** How long the provider may take to answer, ms. Default 5 000. */
  readonly answerMs?: number
}

type RemoteKeys = ReturnType<typeof createRemoteJWKSet>
type Key = Awaited<ReturnType<RemoteKeys>>

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() })

const ANSWER_MS = 5_000
const COOLDOWN_MS = 30_000
/** Where the keys are may change, which hardly ever happens. */
const DISCOVER_EVERY_MS = 3_600_000
/** A provider that failed is left alone for so long: nobody waits for it in the meantime. */
const REST_MS = 10_000
/** While a provider is away, its keys of before count for so long. */
const KEEP_MS = 3_600_000

/** Finds the keys of an OpenID provider where its discovery document says they are, and those that it adds later. */
export class ProviderKeys {
  readonly #options: ProviderKeysOptions
  #remote: { readonly keys: RemoteKeys; readonly uri: string; readonly foundAt: number } | null = null
  #pending: Promise<RemoteKeys> | null = null
  #restsUntil = Number.NEGATIVE_INFINITY
  #goodAt = Number.NEGATIVE_INFINITY

  constructor(options: ProviderKeysOptions) {
    this.#options = options
  }

  /**
   * Gives the key that a token names in its header. Rejects with an error of `jose` when the provider has no such key, and with
   * `STORE_UNAVAILABLE` when it cannot be asked.
   */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<Key> {
    const { clock, issuer, logger } = this.#options
    if (clock.monotonic() < this.#restsUntil) return this.#findKnown(header, token)
    try {
      const keys = await this.#discover()
      const key = await keys(header, token)
      if (keys.fresh) this.#goodAt = clock.monotonic()
      return key
    } catch (error) {
      if (isFaultOfToken(error)) throw error
      this.#restsUntil = clock.monotonic() + REST_MS
      logger.warn({ err: error, issuer }, 'the OpenID provider could not be asked for its keys')
      return this.#findKnown(header, token)
    }
  }

  async #findKnown(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<Key> {
    const known = this.#remote?.keys.jwks()
    if (known === undefined || this.#options.clock.monotonic() - this.#goodAt > KEEP_MS) throw this.#away()
    try {
      return await createLocalJWKSet(known)(header, token)
    } catch (error) {
      // It may be a new key, which nobody can tell at the moment.
      throw isFaultOfToken(error) ? this.#away() : error
    }
  }

  async #discover(): Promise<RemoteKeys> {
    const { clock } = this.#options
    if (this.#remote !== null && clock.monotonic() - this.#remote.foundAt < DISCOVER_EVERY_MS)
      return this.#remote.keys
    this.#pending ??= this.#ask().finally(() => {
      this.#pending = null
    })
    return this.#pending
  }

  async #ask(): Promise<RemoteKeys> {
    const { issuer, clock, cooldownMs = COOLDOWN_MS, answerMs = ANSWER_MS } = this.#options
    const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(answerMs),
    })
    const found = Discovery.parse(await response.json())
    // Otherwise whoever can answer for one issuer could speak for another.
    if (found.issuer !== issuer) throw new Error('the discovery document is that of another issuer')
    if (!isSafe(found.jwks_uri, issuer)) throw new Error('the keys are not behind https')
    const keys =
      this.#remote?.uri === found.jwks_uri
        ? this.#remote.keys
        : createRemoteJWKSet(new URL(found.jwks_uri), {
            timeoutDuration: answerMs,
            cooldownDuration: cooldownMs,
          })
    this.#remote = { keys, uri: found.jwks_uri, foundAt: clock.monotonic() }
    return keys
  }

  #away(): AppError {
    return new AppError(
      'STORE_UNAVAILABLE',
      `the keys of the OpenID provider ${this.#options.issuer} cannot be read at the moment; try again in a minute`,
    )
  }
}

function isSafe(uri: string, issuer: string): boolean {
  return uri.startsWith('https:') || (uri.startsWith('http:') && issuer.startsWith('http:'))
}

function isFaultOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  )
}
