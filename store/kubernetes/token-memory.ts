import type { Clock } from '#core/clock.ts'
import type { DeviceToken } from '#store/tokens.ts'
import type { SourceSink } from '#store/watch-loop.ts'

import type { SecretObject } from './secret-object.ts'
import { fromDeviceTokenSecret, fromRevokedSecret, hashInName } from './token-objects.ts'

/** A device token, and the Secret that keeps it. */
export interface KeptToken {
  readonly token: DeviceToken
  readonly secret: SecretObject['metadata']
}

// Bookmarks come every minute: without two of them nobody knows what was missed.
const FRESH_MS = 150_000
const MAX_ABSENT = 10_000

/**
 * All tokens in memory, as a watch of their Secrets shows them, and what this process wrote itself.
 *
 * What is revoked stays so: a watch may still show an older state after the answer to a write.
 */
export class TokenMemory implements SourceSink<SecretObject> {
  readonly #clock: Clock
  readonly #byHash = new Map<string, KeptToken>()
  readonly #hashById = new Map<string, string>()
  readonly #hashesOfUser = new Map<string, Set<string>>()
  /** Epoch ms at which each expires, by the name of its Secret. */
  readonly #revoked = new Map<string, number>()
  /** What the API server was asked for in vain. A watch shows it when it is made. */
  readonly #absent = new Set<string>()
  readonly #filled = Promise.withResolvers<void>()
  #heardAt = Number.NEGATIVE_INFINITY
  #isFilled = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when everything is in here. */
  get filled(): Promise<void> {
    return this.#filled.promise
  }

  /** Whether what is not in here is not there, but for a moment. */
  get isFresh(): boolean {
    return this.#isFilled && this.#clock.monotonic() - this.#heardAt < FRESH_MS
  }

  findByHash(hash: string): KeptToken | undefined {
    return this.#byHash.get(hash)
  }

  findById(id: string): KeptToken | undefined {
    return this.#byHash.get(this.#hashById.get(id) ?? '')
  }

  ofUser(userId: string): readonly KeptToken[] {
    return [...(this.#hashesOfUser.get(userId) ?? [])].flatMap((hash) => this.#byHash.get(hash) ?? [])
  }

  all(): readonly KeptToken[] {
    return [...this.#byHash.values()]
  }

  /** Epoch ms at which it expires; `undefined`: not revoked, as far as is known. */
  revokedUntil(secretName: string): number | undefined {
    return this.#revoked.get(secretName)
  }

  allRevoked(): readonly (readonly [string, number])[] {
    return [...this.#revoked]
  }

  /** Remembers that something is not there. */
  markAbsent(what: string): void {
    this.#absent.add(what)
    for (const oldest of this.#absent) {
      if (this.#absent.size <= MAX_ABSENT) break
      this.#absent.delete(oldest)
    }
  }

  /** Tells whether something is known not to be there. */
  isAbsent(what: string): boolean {
    return this.isFresh && this.#absent.has(what)
  }

  /** Takes a Secret as it is now, or was a moment ago. */
  put(secret: SecretObject): void {
    const revoked = fromRevokedSecret(secret)
    if (revoked !== undefined) {
      const known = this.#revoked.get(revoked.secretName) ?? 0
      this.#revoked.set(revoked.secretName, Math.max(known, revoked.expiresAt))
    }
    const token = fromDeviceTokenSecret(secret)
    if (token !== undefined) this.#putToken({ token, secret: secret.metadata })
  }

  /** Forgets what a Secret kept. */
  remove(secretName: string): void {
    this.#revoked.delete(secretName)
    const kept = this.#byHash.get(hashInName(secretName))
    if (kept !== undefined) this.#removeToken(kept.token)
  }

  replaceAll(secrets: readonly SecretObject[]): void {
    const present = new Set(secrets.map(({ metadata }) => metadata.name))
    for (const { token, secret } of this.all()) if (!present.has(secret.name)) this.#removeToken(token)
    const now = this.#clock.now()
    for (const [name, expiresAt] of this.#revoked) if (expiresAt <= now) this.#revoked.delete(name)
    for (const secret of secrets) this.put(secret)
    this.#isFilled = true
    this.#filled.resolve()
  }

  apply({ type, object }: Parameters<SourceSink<SecretObject>['apply']>[0]): void {
    if (type === 'DELETED') this.remove(object.metadata.name)
    else this.put(object)
  }

  heard(): void {
    this.#heardAt = this.#clock.monotonic()
  }

  #putToken({ token, secret }: KeptToken): void {
    const known = this.#byHash.get(token.hash)?.token
    const revokedAt = known?.revokedAt ?? token.revokedAt
    if (known !== undefined) this.#removeToken(known)
    this.#byHash.set(token.hash, { token: { ...token, revokedAt }, secret })
    this.#hashById.set(token.id, token.hash)
    const hashes = this.#hashesOfUser.get(token.userId) ?? new Set<string>()
    this.#hashesOfUser.set(token.userId, hashes.add(token.hash))
  }

  #removeToken({ hash, id, userId }: DeviceToken): void {
    this.#byHash.delete(hash)
    this.#hashById.delete(id)
    const hashes = this.#hashesOfUser.get(userId)
    hashes?.delete(hash)
    if (hashes?.size === 0) this.#hashesOfUser.delete(userId)
  }
}
