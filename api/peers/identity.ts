import { hash } from 'node:crypto'

import { isMeantAsDeviceToken } from '#api/device-tokens.ts'
import { RecentlyUsed } from '#api/recently-used.ts'
import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import type { TokenReviews } from '#store/token-reviews.ts'

import type { OwnToken } from './token-file.ts'

/** Whom tokens of replicas are for: one that was taken from them is of no use anywhere else. */
export const PEER_AUDIENCE = 'runtime-config-operator/peers'

/** Lets replicas in, and nobody else. */
export interface PeerIdentity {
  /**
   * Resolves for a token of the service account that this replica runs as, for {@link PEER_AUDIENCE}.
   * Rejects with `UNAUTHENTICATED`, `FORBIDDEN` (somebody else's), `RATE_LIMITED` or `STORE_UNAVAILABLE`.
   */
  verify(token: string): Promise<void>
}

interface IdentityOptions {
  readonly reviews: TokenReviews
  readonly ownToken: OwnToken
  readonly clock: Clock
}

/** A token that was taken back is taken for so long. */
const GOOD_FOR_MS = 60_000
const MAX_REMEMBERED = 1_000
const MAX_AT_ONCE = 16
/** Tokens of service accounts have about a thousand characters. */
const MAX_TOKEN_CHARS = 16_384

/** Asks the cluster, once a minute for each token that is good. */
export function createPeerIdentity(options: IdentityOptions): PeerIdentity {
  const desk = new NameDesk(options)
  let ownName: string | null = null
  return {
    verify: async (token) => {
      const name = await desk.nameOf(token)
      if (name === null)
        throw new AppError('UNAUTHENTICATED', `expected a token of a replica, for ${PEER_AUDIENCE}`)
      // A process runs as one service account for as long as it lives.
      ownName ??= await desk.nameOf(await options.ownToken.read())
      if (ownName === null) throw new AppError('STORE_UNAVAILABLE', OWN_TOKEN_BAD)
      if (name === ownName) return
      throw new AppError('FORBIDDEN', 'expected a token of the service account that the replicas run as')
    },
  }
}

const OWN_TOKEN_BAD = `the cluster does not take this replica's own token for ${PEER_AUDIENCE}; look at --peer-token-file`

interface Named {
  readonly name: string
  readonly askedAt: number
}

/** Knows whom tokens stand for. Keeps hashes, never tokens. */
class NameDesk {
  readonly #options: IdentityOptions
  readonly #known = new RecentlyUsed<Named>(MAX_REMEMBERED)
  readonly #inHand = new Map<string, Promise<string | null>>()

  constructor(options: IdentityOptions) {
    this.#options = options
  }

  /** `null`: it is not good, or for something else. */
  async nameOf(token: string): Promise<string | null> {
    if (token === '' || token.length > MAX_TOKEN_CHARS || isMeantAsDeviceToken(token)) return null
    const id = hash('sha256', token, 'base64url')
    const known = this.#known.get(id)
    if (known !== undefined && this.#options.clock.monotonic() - known.askedAt < GOOD_FOR_MS)
      return known.name
    return this.#inHand.get(id) ?? this.#ask(id, token)
  }

  async #ask(id: string, token: string): Promise<string | null> {
    if (this.#inHand.size >= MAX_AT_ONCE)
      throw new AppError('RATE_LIMITED', 'too many new tokens at once; try again in a few seconds')
    const asking = this.#review(id, token).finally(() => this.#inHand.delete(id))
    this.#inHand.set(id, asking)
    return asking
  }

  async #review(id: string, token: string): Promise<string | null> {
    const { reviews, clock } = this.#options
    const askedAt = clock.monotonic()
    const reviewed = await reviews.review(token, [PEER_AUDIENCE])
    // A server that does not know about audiences says none: the token may be meant for anything.
    if (reviewed?.audiences.includes(PEER_AUDIENCE) !== true) {
      this.#known.delete(id)
      return null
    }
    this.#known.set(id, { name: reviewed.username, askedAt })
    return reviewed.username
  }
}
