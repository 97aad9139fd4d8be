import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import type { ReviewedIdentity, TokenReviews } from '#store/token-reviews.ts'
import type { Tokens } from '#store/tokens.ts'

import { hashToken, isMeantAsDeviceToken } from './device-tokens.ts'
import { type GroupScopes, scopesOfGroups } from './group-scopes.ts'
import { readJwtPart } from './jwt-parts.ts'
import { RecentlyUsed } from './recently-used.ts'
import { type Identity, refused, type TokenVerifier } from './token-verifier.ts'

/** Which tokens a cluster is asked about, and what they are read as. */
export interface TokenReviewOptions {
  readonly reviews: TokenReviews
  /** Whom tokens must be for. */
  readonly audience: string
  readonly groups: GroupScopes
  readonly tokens: Pick<Tokens, 'isSignedRevoked'>
  readonly clock: Clock
}

/** What the cluster said of a token. */
interface Reviewed {
  readonly token: Secret<string>
  readonly askedAt: number
  readonly answer: Promise<ReviewedIdentity | null>
}

/** Nobody keeps what was taken from them for longer. */
const GOOD_FOR_MS = 60_000
/** A token that was not good yet may be soon; asking each time would let anybody keep the API server busy. */
const BAD_FOR_MS = 10_000
const MAX_REMEMBERED = 10_000
const MAX_AT_ONCE = 64
const TOKEN_ID = /^review-[0-9a-f]{32}$/
const MAX_SUBJECT_CHARS = 100

/**
 * Makes the verifier that asks the cluster. It accepts whatever no other one did, so it comes last; but no
 * device token, not even half of one. The cluster is asked once a
 * minute for each token in use; tokens are kept in memory for that, the ones unused longest make room.
 */
export function createTokenReviewVerifier(options: TokenReviewOptions): TokenVerifier {
  const { tokens } = options
  const desk = new ReviewDesk(options)
  return {
    accepts: (token) => !isMeantAsDeviceToken(token),
    verify: async (token) => {
      const tokenId = `review-${hashToken(token).slice(0, 32)}`
      const reviewed = await desk.review(tokenId, token)
      if (reviewed === null) throw refused('neither this server nor the cluster knows it')
      if (await tokens.isSignedRevoked(tokenId)) throw refused('it was revoked; use another')
      return toIdentity(reviewed, tokenId, { ...options, expiresAt: endOf(token) })
    },
    owns: (tokenId) => TOKEN_ID.test(tokenId),
    isStillGood: async ({ tokenId }) =>
      (await desk.reviewAgain(tokenId)) !== null && !(await tokens.isSignedRevoked(tokenId)),
  }
}

class ReviewDesk {
  readonly #options: TokenReviewOptions
  readonly #known = new RecentlyUsed<Reviewed>(MAX_REMEMBERED)
  #inHand = 0

  constructor(options: TokenReviewOptions) {
    this.#options = options
  }

  async review(tokenId: string, token: string): Promise<ReviewedIdentity | null> {
    const known = this.#known.get(tokenId)
    if (known !== undefined && !(await this.#isOld(known))) {
      this.#known.set(tokenId, known)
      return known.answer
    }
    return this.#ask(tokenId, known?.token ?? new Secret(token))
  }

  /** For a token that was good; one that made room for others has to be shown again. */
  async reviewAgain(tokenId: string): Promise<ReviewedIdentity | null> {
    const known = this.#known.get(tokenId)
    return known === undefined ? null : this.review(tokenId, known.token.open())
  }

  async #isOld({ askedAt, answer }: Reviewed): Promise<boolean> {
    const isGood = (await answer.catch(() => null)) !== null
    return this.#options.clock.monotonic() - askedAt >= (isGood ? GOOD_FOR_MS : BAD_FOR_MS)
  }

  async #ask(tokenId: string, token: Secret<string>): Promise<ReviewedIdentity | null> {
    if (this.#inHand >= MAX_AT_ONCE)
      throw new AppError('STORE_UNAVAILABLE', 'too many new tokens at once; try again in a few seconds')
    this.#inHand += 1
    const { reviews, audience, clock } = this.#options
    const answer = reviews
      .review(token.open(), [audience])
      // A server that does not know about audiences says none: the token may be meant for anything.
      .then((reviewed) => (reviewed?.audiences.includes(audience) === true ? reviewed : null))
      .finally(() => {
        this.#inHand -= 1
      })
    const before = this.#known.get(tokenId)
    this.#known.set(tokenId, { token, askedAt: clock.monotonic(), answer })
    try {
      return await answer
    } catch (error) {
      this.#forget(tokenId, before)
      throw error
    }
  }

  // The cluster is away: the next one asks again.
  #forget(tokenId: string, before: Reviewed | undefined): void {
    if (before !== undefined) this.#known.set(tokenId, before)
    else this.#known.delete(tokenId)
  }
}

interface Read extends TokenReviewOptions {
  readonly expiresAt: number | null
}

function toIdentity(reviewed: ReviewedIdentity, tokenId: string, { groups, expiresAt }: Read): Identity {
  const { username } = reviewed
  if (username === '' || Array.from(username).length > MAX_SUBJECT_CHARS)
    throw refused(`expected a name of 1 to ${MAX_SUBJECT_CHARS} characters`)
  const scopes = scopesOfGroups(reviewed.groups, groups)
  const role = scopes.has('admin') ? 'admin' : 'user'
  return { subject: { name: username, role, mustExist: true }, scopes, deviceId: null, tokenId, expiresAt }
}

// The cluster has looked at it; when it ends is only of use for not asking any more.
function endOf(token: string): number | null {
  const end = readJwtPart(token, 1)?.['exp']
  return typeof end === 'number' && Number.isSafeInteger(end) ? end * 1000 : null
}
