import { errors, type JWTPayload, jwtVerify } from 'jose'

import { type AppError, isAppError } from '#core/errors.ts'
import type { Tokens } from '#store/tokens.ts'

import { hashToken } from './device-tokens.ts'
import { type GroupScopes, scopesOfGroups } from './group-scopes.ts'
import { readJwtPart } from './jwt-parts.ts'
import { ProviderKeys, type ProviderKeysOptions } from './oidc-keys.ts'
import { type Identity, refused, type TokenVerifier } from './token-verifier.ts'

/** Which tokens of an OpenID provider are believed, and what they are read as. */
export interface OidcOptions extends ProviderKeysOptions {
  readonly audience: string
  readonly subjectClaim: string
  readonly groupsClaim: string
  /** Whether somebody unknown becomes a user. */
  readonly createUsers: boolean
  readonly groups: GroupScopes
  readonly tokens: Pick<Tokens, 'isSignedRevoked'>
}

/** Those with a public key: what a provider shares with one client, another could sign with. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]
/** What says of itself that it is something else, such as a logout token, is no sign of anybody. */
const TYPES = new Set(['jwt', 'at+jwt', 'application/at+jwt'])
const TOLERANCE_SECONDS = 60
const TOKEN_ID = /^oidc-[0-9a-f]{32}$/
const MAX_SUBJECT_CHARS = 100

/** Makes the verifier of tokens that an OpenID provider signed, found by discovery. Its keys may change at any time. */
export function createOidcVerifier(options: OidcOptions): TokenVerifier {
  const { issuer, tokens } = options
  const keys = new ProviderKeys(options)
  return {
    accepts: (token) => readJwtPart(token, 1)?.['iss'] === issuer,
    verify: async (token, now) => {
      const payload = await check(token, now, { ...options, keys })
      const identity = toIdentity(payload, hashToken(token), options)
      if (await tokens.isSignedRevoked(identity.tokenId)) throw refused('it was revoked; sign in again')
      return identity
    },
    owns: (tokenId) => TOKEN_ID.test(tokenId),
    isStillGood: async ({ tokenId }) => !(await tokens.isSignedRevoked(tokenId)),
  }
}

interface Check extends OidcOptions {
  readonly keys: ProviderKeys
}

async function check(token: string, now: number, options: Check): Promise<JWTPayload> {
  const { issuer, audience, subjectClaim, keys } = options
  const type = readJwtPart(token, 0)?.['typ'] ?? 'jwt'
  if (typeof type !== 'string' || !TYPES.has(type.toLowerCase()))
    throw refused('expected an ID token or an access token')
  try {
    const verified = await jwtVerify(token, (header, jws) => keys.find(header, jws), {
      algorithms: ALGORITHMS,
      issuer,
      audience,
      clockTolerance: TOLERANCE_SECONDS,
      currentDate: new Date(now),
      requiredClaims: ['exp', subjectClaim],
    })
    return verified.payload
  } catch (error) {
    throw translate(error, options)
  }
}

// jose's errors carry the claims, so they end here.
function translate(error: unknown, { audience }: OidcOptions): unknown {
  if (isAppError(error) || !(error instanceof errors.JOSEError)) return error
  if (error instanceof errors.JWTExpired) return refused('it has expired; sign in again')
  if (error instanceof errors.JWTClaimValidationFailed) return refused(wordsOf(error.claim, audience))
  return refused('the OpenID provider did not sign it')
}

function wordsOf(claim: string, audience: string): string {
  if (claim === 'aud') return `expected one for the audience ${audience}`
  if (claim === 'nbf') return 'its time has not come yet; look at the clocks'
  return `expected the claim ${claim} as the OpenID provider sets it`
}

function toIdentity(payload: JWTPayload, hash: string, options: OidcOptions): Identity {
  const scopes = scopesOfGroups(groupsOf(payload[options.groupsClaim]), options.groups)
  const name = subjectOf(payload, options)
  const role = scopes.has('admin') ? 'admin' : 'user'
  return {
    subject: { name, role, ...(!options.createUsers && { mustExist: true }) },
    scopes,
    deviceId: null,
    tokenId: `oidc-${hash.slice(0, 32)}`,
    expiresAt: ((payload.exp ?? 0) + TOLERANCE_SECONDS) * 1000,
  }
}

function subjectOf(payload: JWTPayload, { subjectClaim }: OidcOptions): string {
  const subject = payload[subjectClaim]
  if (typeof subject !== 'string' || subject === '' || Array.from(subject).length > MAX_SUBJECT_CHARS)
    throw refused(`expected the claim ${subjectClaim} to hold 1 to ${MAX_SUBJECT_CHARS} characters`)
  // At many providers anybody may say any address is theirs.
  if (subjectClaim === 'email' && payload['email_verified'] === false) throw unverified()
  return subject
}

function unverified(): AppError {
  return refused('its email address is not verified; verify it at the OpenID provider')
}

function groupsOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return [claim]
  return Array.isArray(claim) ? claim.filter((group) => typeof group === 'string') : []
}
