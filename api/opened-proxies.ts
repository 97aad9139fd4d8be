import { isAppError } from '#core/errors.ts'
import { parseProxyUrl, type ProxyUrl } from '#core/proxy.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { proxyPlace } from '#secrets/places.ts'
import type { Place, Sealer } from '#secrets/seal.ts'
import type { User } from '#store/users.ts'

/** What opening needs, and what to call when a stored value does not open. */
export interface OpenedProxiesDeps {
  readonly sealer: Sealer
  readonly onUnopened: () => void
  /** How many users' proxies are kept in memory. Default 10 000. */
  readonly maxKept?: number
}

interface Kept {
  readonly sealed: string
  readonly url: ProxyUrl | null
}

/**
 * Opens personal proxies, each stored version once: opening costs more than everything else an enrichment does.
 *
 * What is kept is a `Secret`, under the ciphertext it came from, so a new version is never answered with the old one.
 */
export class OpenedProxies {
  readonly #deps: OpenedProxiesDeps
  readonly #maxKept: number
  readonly #kept = new Map<string, Kept>()
  readonly #unopened = new Set<string>()

  constructor(deps: OpenedProxiesDeps) {
    this.#deps = deps
    this.#maxKept = deps.maxKept ?? 10_000
  }

  /** How many users' proxies do not open as they are stored now, as far as anybody asked for them. */
  get unopenedCount(): number {
    return this.#unopened.size
  }

  /** Gives a user's proxy; `null` when none is saved or it does not open. Never rejects because of what is stored. */
  async open(user: User, proxy: ObjectOf<'UserProxyConfig'> | undefined): Promise<ProxyUrl | null> {
    const sealed = proxy?.spec.proxy?.encryptedUrl
    if (sealed === undefined) return this.#forget(user.namespace)
    const kept = this.#kept.get(user.namespace)
    if (kept?.sealed === sealed) return kept.url
    const url = await this.#unseal(sealed, proxyPlace(user))
    this.#keep(user.namespace, { sealed, url })
    return url
  }

  async #unseal(sealed: string, place: Place): Promise<ProxyUrl | null> {
    try {
      return parseProxyUrl((await this.#deps.sealer.open(sealed, place)).open())
    } catch (error) {
      // A broken keyring must not break an execution (spec 08); it is counted, and shown by readiness.
      if (!isAppError(error, 'DECRYPT_FAILED') && !isAppError(error, 'PROXY_INVALID')) throw error
      this.#deps.onUnopened()
      return null
    }
  }

  #forget(namespace: string): null {
    this.#kept.delete(namespace)
    this.#unopened.delete(namespace)
    return null
  }

  #keep(namespace: string, kept: Kept): void {
    if (kept.url === null) this.#unopened.add(namespace)
    else this.#unopened.delete(namespace)
    this.#kept.delete(namespace)
    this.#kept.set(namespace, kept)
    const oldest = this.#kept.keys().next()
    if (this.#kept.size > this.#maxKept && oldest.done !== true) this.#kept.delete(oldest.value)
  }
}
