import { AppError } from '#core/errors.ts'
import { isSignedTokenId, type SignedClaims } from '#secrets/signed-claims.ts'
import { claimsToBeSignedWith, type SigningKey, verifySignedToken } from '#secrets/signing.ts'
import type { DeviceToken, Tokens } from '#store/tokens.ts'

import { hashToken, isDeviceTokenId, isInUse, looksLikeDeviceToken } from './device-tokens.ts'
import { type Principal, type Scope, SCOPES } from './principal.ts'
import { RecentlyUsed } from './recently-used.ts'

/** Whom a token stands for: somebody known by id, or by a name that an issuer vouches for. */
export type Subject = { readonly id: string } | NamedSubject

/** Somebody known by a name. */
export interface NamedSubject {
  readonly name: string
  /** What they become if this is the first sign of them. */
  readonly role: 'user' | 'admin'
  /** Somebody unknown stays unknown: the issuer knows far more people than are meant to be here. */
  readonly mustExist?: boolean
}

/** What a good token says. */
export interface Identity {
  readonly subject: Subject
  readonly scopes: ReadonlySet<Scope>
  readonly deviceId: string | null
  readonly tokenId: string
  /** Epoch ms. */
  readonly expiresAt: number | null
}

/**
 * Checks one kind of token. Further kinds (an OpenID provider's, a cluster's) are further verifiers; the first that accepts
 * a token by its form decides about it.
 */
export interface TokenVerifier {
  /** Tells by the form alone, before any cost, whether the token is of this kind. */
  accepts(token: string): boolean
  /** Rejects with `UNAUTHENTICATED` unless the token is good now. */
  verify(token: string, now: number): Promise<Identity>
  /** Tells whether a token id came from this verifier; ids of two kinds never look alike. */
  owns(tokenId: string): boolean
  /** Tells whether a token that was good has not been revoked since. Expiry is the caller's. */
  isStillGood(principal: Principal, now: number): Promise<boolean>
}

/** Makes the verifier of device tokens: looked up by hash, so a revoked one is refused from that moment on. */
export function createDeviceTokenVerifier(tokens: Tokens): TokenVerifier {
  return {
    accepts: looksLikeDeviceToken,
    verify: async (token, now) => toDeviceIdentity(await tokens.findByHash(hashToken(token)), now),
    owns: isDeviceTokenId,
    isStillGood: async ({ user, tokenId }, now) => {
      const token = await tokens.get(user.id, tokenId)
      return token !== undefined && isInUse(token, now)
    },
  }
}

function toDeviceIdentity(token: DeviceToken | undefined, now: number): Identity {
  if (token === undefined) throw refused('no such device token exists; make one')
  if (token.revokedAt !== null) throw refused('this device token was revoked; make another')
  if (!isInUse(token, now)) throw refused('this device token has expired; make another')
  return {
    subject: { id: token.userId },
    scopes: new Set(['device']),
    deviceId: token.deviceId,
    tokenId: token.id,
    expiresAt: token.expiresAt === null ? null : Date.parse(token.expiresAt),
  }
}

/**
 * Makes the verifier of tokens signed with this installation's key.
 *
 * A signature is checked once per token and remembered (by the token's hash, for at most `maxRemembered` tokens); expiry and
 * revocation are asked each time.
 */
export function createSignedTokenVerifier(options: {
  readonly tokens: Tokens
  readonly key: SigningKey
  readonly maxRemembered: number
}): TokenVerifier {
  const { tokens, key, maxRemembered } = options
  const known = new RecentlyUsed<Identity>(maxRemembered)
  return {
    accepts: (token) => claimsToBeSignedWith(key, token),
    verify: async (token, now) => {
      // Keyed by hash, so that a dump of the memory holds no list of tokens.
      const hash = hashToken(token)
      const identity = known.get(hash) ?? toSignedIdentity(await verifySignedToken(key, token, now))
      known.set(hash, identity)
      if (isExpired(identity, now)) throw refused('it has expired; make a new one')
      if (await tokens.isSignedRevoked(identity.tokenId)) throw refused('it was revoked; make a new one')
      return identity
    },
    owns: isSignedTokenId,
    isStillGood: async ({ tokenId }) => !(await tokens.isSignedRevoked(tokenId)),
  }
}

/** Tells whether something that ends at a time, or never, has ended. */
export function isExpired({ expiresAt }: { readonly expiresAt: number | null }, now: number): boolean {
  return expiresAt !== null && expiresAt <= now
}

/** Makes the refusal of a token; the reason never repeats any of it. */
export function refused(why: string): AppError {
  return new AppError('UNAUTHENTICATED', `the token is not good: ${why}`)
}

function toSignedIdentity({ id, subject, scopes, role, expiresAt }: SignedClaims): Identity {
  const known = SCOPES.filter((scope) => scopes.includes(scope))
  if (known.length === 0) throw refused('it has no scope this server knows; make a new one')
  return { subject: { name: subject, role }, scopes: new Set(known), deviceId: null, tokenId: id, expiresAt }
}
