import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from 'node:crypto'

import { type JWTPayload, jwtVerify, SignJWT } from 'jose'

import { AppError } from '#core/errors.ts'

import { isCanonicalBase64url } from './base64url.ts'
import { type KeyFileOptions, openKeyFile } from './key-file.ts'
import { readClaims, type SignedClaims } from './signed-claims.ts'

/** The key pair that signs this installation's tokens. Prints nothing of itself. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** What a token says. */
export interface TokenRequest {
  /** `User.name`, 1 to 100 characters. */
  readonly subject: string
  /** At least one; lower-case words. */
  readonly scopes: readonly string[]
  readonly expiresInSeconds: number
  /** Epoch ms. */
  readonly now: number
  /** What the user becomes if this token is the first sign of them. Default: `admin` with the scope `admin`, else `user`. */
  readonly role?: 'user' | 'admin'
}

/** A new token. The text is the secret itself: show it once. */
export interface SignedToken {
  readonly token: string
  /** Its `jti`, by which it can be revoked. */
  readonly id: string
  /** ISO 8601. */
  readonly expiresAt: string
}

const ALGORITHM = 'EdDSA'
const ISSUER = 'runtime-config-operator'
const AUDIENCE = 'runtime-config-operator/api'
// Keeps tokens apart from anything else that may be signed with the same key one day.
const TYPE = 'runtimeconfig+jwt'
const MAX_TOKEN_CHARS = 4096
const MAX_LIFETIME_SECONDS = 10 * 366 * 24 * 3600
const MAX_SUBJECT_CHARS = 100

/**
 * Opens the signing key file (PKCS #8 PEM, Ed25519), made at first start under the rules of the keyring file.
 *
 * @throws AppError `KEYRING_UNUSABLE`
 */
export async function openSigningKey(path: string, options: KeyFileOptions = {}): Promise<SigningKey> {
  return parseSigningKey(
    await openKeyFile({ path, noun: 'signing key', create: createSigningKeyText, ...options }),
    path,
  )
}

/**
 * Reads a signing key from PEM text.
 *
 * @param source named in messages
 * @throws AppError `KEYRING_UNUSABLE`
 */
export function parseSigningKey(pem: string, source: string): SigningKey {
  const privateKey = readPem(pem, source)
  if (privateKey.asymmetricKeyType !== 'ed25519') {
    throw unusable(source, `expected an Ed25519 key, got ${privateKey.asymmetricKeyType}`)
  }
  const publicKey = createPublicKey(privateKey)
  return { kid: thumbprint(publicKey), privateKey, publicKey }
}

/**
 * Signs a token. Needs the key file only, no server.
 *
 * @throws AppError `INVALID` for an empty or over-long subject, no or odd scopes, or a lifetime outside 1 s to 10 years
 */
export async function signToken(key: SigningKey, request: TokenRequest): Promise<SignedToken> {
  refuseOdd(request)
  const id = randomUUID()
  const issuedAt = Math.floor(request.now / 1000)
  const expiresAt = issuedAt + request.expiresInSeconds
  const role = request.role ?? (request.scopes.includes('admin') ? 'admin' : 'user')
  const token = await new SignJWT({ scope: request.scopes.join(' '), role })
    .setProtectedHeader(headerOf(key))
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(request.subject)
    .setJti(id)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(key.privateKey)
  return { token, id, expiresAt: new Date(expiresAt * 1000).toISOString() }
}

/**
 * Checks a token that this key should have signed.
 *
 * @param now epoch ms
 * @throws AppError `UNAUTHENTICATED` for anything but such a token, in its time
 */
export async function verifySignedToken(key: SigningKey, token: string, now: number): Promise<SignedClaims> {
  if (token.length > MAX_TOKEN_CHARS) throw refused('it is too long')
  // The header is compared whole, before any cryptography: `alg: none`, a `jwk` of the sender's own and the like get no further.
  if (!claimsToBeSignedWith(key, token)) throw refused(NOT_OURS)
  if (!token.split('.').every(isCanonicalBase64url)) throw refused(NOT_OURS)
  const claims = readClaims(await checkSignature(key, token), now)
  if (claims === undefined) throw refused('its claims are not ones this server signs')
  if (claims.expiresAt <= now) throw refused('it has expired; make a new one')
  return claims
}

/** Tells by its header alone, before any cost, whether a token claims to be signed with this key. */
export function claimsToBeSignedWith(key: SigningKey, token: string): boolean {
  return token.startsWith(`${encodeHeader(key)}.`)
}

const NOT_OURS = 'this server did not sign it'

// jose's errors carry the claims, so they end here. It does not get to look at time: it has one tolerance for both ends.
async function checkSignature(key: SigningKey, token: string): Promise<JWTPayload> {
  const expected = {
    algorithms: [ALGORITHM],
    issuer: ISSUER,
    audience: AUDIENCE,
    typ: TYPE,
    currentDate: new Date(0),
  }
  const verified = await jwtVerify(token, key.publicKey, expected).catch(() => undefined)
  if (verified === undefined) throw refused(NOT_OURS)
  return verified.payload
}

function headerOf(key: SigningKey) {
  return { alg: ALGORITHM, kid: key.kid, typ: TYPE }
}

function encodeHeader(key: SigningKey): string {
  return Buffer.from(JSON.stringify(headerOf(key))).toString('base64url')
}

function refused(why: string): AppError {
  return new AppError('UNAUTHENTICATED', `the token is not good: ${why}`)
}

function refuseOdd(request: TokenRequest): void {
  const odd = oddSubject(request) ?? oddScopes(request) ?? oddLifetime(request)
  if (odd !== undefined) throw new AppError('INVALID', odd)
}

function oddSubject({ subject }: TokenRequest): string | undefined {
  const isGood =
    subject.trim() !== '' && Array.from(subject).length <= MAX_SUBJECT_CHARS && subject.isWellFormed()
  return isGood ? undefined : `subject: expected 1 to ${MAX_SUBJECT_CHARS} characters`
}

function oddScopes({ scopes, role }: TokenRequest): string | undefined {
  if (role === 'admin' && !scopes.includes('admin')) return 'role: admin needs the scope admin'
  const isGood = scopes.length > 0 && scopes.every((scope) => /^[a-z]{1,32}$/.test(scope))
  return isGood ? undefined : 'scopes: expected at least one, each a lower-case word'
}

function oddLifetime({ expiresInSeconds: seconds }: TokenRequest): string | undefined {
  const isGood = Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_LIFETIME_SECONDS
  return isGood ? undefined : `lifetime: expected 1 to ${MAX_LIFETIME_SECONDS} whole seconds, got ${seconds}`
}

/** Makes the text of a new signing key. */
export function createSigningKeyText(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

// No `cause`: what OpenSSL says of a key stays out of logs.
function readPem(pem: string, source: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw unusable(source, 'expected an unencrypted private key in PEM form')
  }
}

function thumbprint(publicKey: KeyObject): string {
  const { crv, kty, x } = publicKey.export({ format: 'jwk' })
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')
}

function unusable(source: string, why: string): AppError {
  return new AppError(
    'KEYRING_UNUSABLE',
    `the signing key ${source} cannot be used: ${why}; restore it from a backup`,
  )
}
