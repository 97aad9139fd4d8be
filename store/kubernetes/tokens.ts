import type { Clock } from '#core/clock.ts'
import { AppError, isAppError } from '#core/errors.ts'
import { isLabelValue } from '#crds/metadata.ts'
import type { DeviceToken, Tokens } from '#store/tokens.ts'
import type { Users } from '#store/users.ts'
import { runSourceLoop } from '#store/watch-loop.ts'

import { listOf } from './answer-fields.ts'
import { type SecretObject, secretPath, secretsPath, toSecretObject } from './secret-object.ts'
import { secretSource } from './secret-source.ts'
import { type KeptToken, TokenMemory } from './token-memory.ts'
import {
  deviceTokenById,
  deviceTokenName,
  deviceTokensOf,
  fromDeviceTokenSecret,
  fromRevokedSecret,
  type NewSecret,
  revokedTokenName,
  TOKEN_SECRETS,
  toDeviceTokenSecret,
  toRevokedSecret,
} from './token-objects.ts'
import type { WatchDeps } from './watch.ts'

export interface KubernetesTokensDeps extends WatchDeps {
  readonly users: Pick<Users, 'get'>
  readonly clock: Clock
  /** The operator's own. */
  readonly namespace: string
}

const MAX_ATTEMPTS = 5

/**
 * Tokens as Secrets in the operator's own namespace, where no user reads. A watch keeps all of them in memory, because every
 * request asks for one. What is not in memory is asked for once: it may have been made by another replica a moment ago.
 */
export class KubernetesTokens implements Tokens {
  readonly #deps: KubernetesTokensDeps
  readonly #memory: TokenMemory

  constructor(deps: KubernetesTokensDeps) {
    this.#deps = deps
    this.#memory = new TokenMemory(deps.clock)
  }

  /** All of them, as far as is known here; for whoever cleans up. */
  get memory(): TokenMemory {
    return this.#memory
  }

  /** Begins to watch. Resolves when everything is in memory, or the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const { namespace } = this.#deps
    const source = secretSource(this.#deps, { namespace, labelSelector: TOKEN_SECRETS })
    const loop = runSourceLoop(this.#deps, { source, sink: this.#memory }, signal)
    await Promise.race([this.#memory.filled, loop])
  }

  async create(token: DeviceToken): Promise<void> {
    const name = deviceTokenName(token.hash)
    if (name === undefined)
      throw new AppError('INVALID', 'expected a SHA-256 in lower-case hex for a device token')
    if ((await this.#deps.users.get(token.userId)) === undefined) {
      throw new AppError('NOT_FOUND', 'there is no such user')
    }
    if ((await this.#findById(token.id)) !== undefined) throw alreadyThere()
    await this.#make(toDeviceTokenSecret(name, token))
  }

  async findByHash(hash: string): Promise<DeviceToken | undefined> {
    const known = this.#memory.findByHash(hash)
    if (known !== undefined) return known.token
    const name = deviceTokenName(hash)
    if (name === undefined || this.#memory.isAbsent(name)) return undefined
    const secret = await this.#read(name)
    if (secret === undefined) this.#memory.markAbsent(name)
    return secret && fromDeviceTokenSecret(secret)
  }

  async get(userId: string, id: string): Promise<DeviceToken | undefined> {
    const kept = await this.#findById(id)
    return kept?.token.userId === userId ? kept.token : undefined
  }

  async list(userId: string): Promise<readonly DeviceToken[]> {
    if (!isLabelValue(userId)) return []
    if (!this.#memory.isFresh) await this.#select(deviceTokensOf(userId))
    return this.#memory
      .ofUser(userId)
      .map(({ token }) => token)
      .toSorted(newestFirst)
  }

  async revoke(userId: string, id: string, revokedAt: string): Promise<DeviceToken> {
    const kept = await this.#findById(id)
    if (kept?.token.userId !== userId) throw noSuchToken()
    for (let attempt = 1; ; attempt += 1) {
      const secret = await this.#read(kept.secret.name)
      const token = secret && fromDeviceTokenSecret(secret)
      if (token === undefined) throw noSuchToken()
      if (token.revokedAt !== null) return token
      const revoked = { ...token, revokedAt }
      const { name, resourceVersion } = secret?.metadata ?? kept.secret
      if (await this.#replace(toDeviceTokenSecret(name, revoked, resourceVersion), attempt)) return revoked
    }
  }

  async revokeSigned(jti: string, expiresAt: string): Promise<void> {
    const wanted = { secretName: revokedTokenName(jti), expiresAt: Date.parse(expiresAt) }
    for (let attempt = 1; ; attempt += 1) {
      const secret = await this.#read(wanted.secretName)
      const known = secret && fromRevokedSecret(secret)
      if (known !== undefined && known.expiresAt >= wanted.expiresAt) return
      if (secret !== undefined) {
        if (await this.#replace(toRevokedSecret(wanted, secret.metadata.resourceVersion), attempt)) return
      } else if (await this.#tryMake(toRevokedSecret(wanted), attempt)) return
    }
  }

  async isSignedRevoked(jti: string): Promise<boolean> {
    const name = revokedTokenName(jti)
    if (this.#memory.revokedUntil(name) !== undefined) return true
    // Every request asks, and nearly all are not revoked: a memory that is complete answers alone.
    if (this.#memory.isFresh) return false
    return (await this.#read(name)) !== undefined
  }

  /** Deletes the Secret of what is no longer needed, unless it changed since. */
  async discard(secret: { readonly name: string; readonly resourceVersion?: string }): Promise<void> {
    const { name, resourceVersion } = secret
    const preconditions = resourceVersion === undefined ? {} : { preconditions: { resourceVersion } }
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...preconditions }
    try {
      await this.#deps.client.request({ method: 'DELETE', path: this.#pathOf(name), body })
    } catch (error) {
      if (isAppError(error, 'CONFLICT')) return
      if (!isAppError(error, 'NOT_FOUND')) throw error
    }
    this.#memory.remove(name)
  }

  async #findById(id: string): Promise<KeptToken | undefined> {
    const known = this.#memory.findById(id)
    const selector = deviceTokenById(id)
    if (known !== undefined || this.#memory.isAbsent(selector)) return known
    await this.#select(selector)
    const found = this.#memory.findById(id)
    if (found === undefined) this.#memory.markAbsent(selector)
    return found
  }

  /** Takes what a selector finds into memory. */
  async #select(labelSelector: string): Promise<void> {
    const path = secretsPath(this.#deps.namespace)
    const answer = await this.#deps.client.request({ method: 'GET', path, query: { labelSelector } })
    for (const secret of listOf(answer, 'items').map(toSecretObject)) this.#memory.put(secret)
  }

  async #read(name: string): Promise<SecretObject | undefined> {
    try {
      const answer = await this.#deps.client.request({ method: 'GET', path: this.#pathOf(name) })
      const secret = toSecretObject(answer)
      this.#memory.put(secret)
      return secret
    } catch (error) {
      if (isAppError(error, 'NOT_FOUND')) return undefined
      throw error
    }
  }

  async #make(body: NewSecret): Promise<void> {
    try {
      const path = secretsPath(this.#deps.namespace)
      const answer = await this.#deps.client.request({ method: 'POST', path, body })
      this.#memory.put(toSecretObject(answer))
    } catch (error) {
      throw isAppError(error, 'ALREADY_EXISTS') ? alreadyThere() : error
    }
  }

  /** `false`: another one was faster; read it again. */
  async #tryMake(body: NewSecret, attempt: number): Promise<boolean> {
    try {
      await this.#make(body)
      return true
    } catch (error) {
      if (!isAppError(error, 'ALREADY_EXISTS') || attempt === MAX_ATTEMPTS) throw error
      return false
    }
  }

  /** `false`: it was changed or deleted meanwhile; read it again. */
  async #replace(body: NewSecret, attempt: number): Promise<boolean> {
    try {
      const path = this.#pathOf(body.metadata.name)
      this.#memory.put(toSecretObject(await this.#deps.client.request({ method: 'PUT', path, body })))
      return true
    } catch (error) {
      const isPassing = isAppError(error, 'CONFLICT') || isAppError(error, 'NOT_FOUND')
      if (!isPassing || attempt === MAX_ATTEMPTS) throw error
      return false
    }
  }

  #pathOf(name: string): string {
    return secretPath({ namespace: this.#deps.namespace, name })
  }
}

function newestFirst(one: DeviceToken, other: DeviceToken): number {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt ? 1 : -1
  return one.id < other.id ? -1 : 1
}

function alreadyThere(): AppError {
  return new AppError('ALREADY_EXISTS', 'this token exists already')
}

function noSuchToken(): AppError {
  return new AppError('NOT_FOUND', 'there is no such device token')
}
