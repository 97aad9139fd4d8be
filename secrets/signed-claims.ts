import type { JWTPayload } from 'jose'

/** What a token with a good signature says. Whether it was revoked is another question. */
export interface SignedClaims {
  /** Its `jti`. */
  readonly id: string
  readonly subject: string
  /** May hold words this version does not know. */
  readonly scopes: readonly string[]
  readonly role: 'user' | 'admin'
  /** Epoch ms; from this moment on the token is not good any more. */
  readonly expiresAt: number
}

const TOKEN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
// A token made on another machine may start this far in the future. Its end is kept to the second.
const CLOCK_SKEW_MS = 300_000
const MAX_SUBJECT_CHARS = 100
// What a `Date` can hold.
const LAST_SECOND = 8_640_000_000_000

/**
 * Reads the claims of a token whose signature is good.
 *
 * @param now epoch ms
 * @returns `undefined` when they are not ones this product signs; `expiresAt` is the caller's to judge
 */
export function readClaims(payload: JWTPayload, now: number): SignedClaims | undefined {
  const { sub, jti, iat, exp, scope, role } = payload
  if (!isName(sub) || typeof jti !== 'string' || !isSignedTokenId(jti) || typeof scope !== 'string')
    return undefined
  if (!isSeconds(iat) || !isSeconds(exp) || iat * 1000 > now + CLOCK_SKEW_MS) return undefined
  const scopes = scope.split(' ').filter((word) => word !== '')
  const isAdmin = role === 'admin' && scopes.includes('admin')
  return { id: jti, subject: sub, scopes, role: isAdmin ? 'admin' : 'user', expiresAt: exp * 1000 }
}

/** Tells whether a token id is one of a signed token (a UUID). */
export function isSignedTokenId(id: string): boolean {
  return TOKEN_ID.test(id)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && Array.from(value).length <= MAX_SUBJECT_CHARS
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= LAST_SECOND
}
