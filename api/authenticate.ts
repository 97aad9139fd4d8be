import type { Clock } from '#core/clock.ts'
import { AppError, isAppError } from '#core/errors.ts'
import type { SigningKey } from '#secrets/signing.ts'
import type { Tokens } from '#store/tokens.ts'
import type { User, Users } from '#store/users.ts'

import type { Principal } from './principal.ts'
import {
  createDeviceTokenVerifier,
  createSignedTokenVerifier,
  type Identity,
  isExpired,
  refused,
  type Subject,
  type TokenVerifier,
} from './token-verifier.ts'

/** Says who is asking. */
export interface Authenticator {
  /**
   * Gives the active user a token stands for, made now if a signed token is the first sign of them.
   *
   * @param bearer the token alone, as the socket hands it over; for a header see {@link bearerOf}
   * Rejects with `UNAUTHENTICATED` for anything but a good token of an active user, never with a word of the token; with
   * `FORBIDDEN` for a good token of somebody who is nobody here; with `STORE_UNAVAILABLE` when nobody can tell at the moment.
   */
  authenticate(bearer: string | undefined): Promise<Principal>
  /** Tells whether a connection that was let in may stay: token not expired or revoked, user still active. */
  recheck(principal: Principal): Promise<boolean>
}

/** Finds people without asking the store each time; one it does not know is asked of the store. */
type FindUser = (subject: { readonly id: string } | { readonly name: string }) => User | undefined

/** What an authenticator stands on. */
export interface AuthenticatorOptions {
  readonly users: Users
  readonly tokens: Tokens
  readonly signingKey: SigningKey
  readonly clock: Clock
  readonly findUser?: FindUser
  /** How many checked signatures are remembered. Default 20 000, about 10 MB. */
  readonly maxRememberedTokens?: number
  /** Asked after the server's own, in order. */
  readonly moreVerifiers?: readonly TokenVerifier[]
}

const MAX_TOKEN_CHARS = 8192
const MAX_REMEMBERED_TOKENS = 20_000
const BEARER = /^Bearer +([\w.~+/-]+=*) *$/i

/** Makes the authenticator of device tokens and of tokens signed with the server's own key. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { clock } = options
  const verifiers = toVerifiers(options)
  return {
    authenticate: async (bearer) => {
      const token = checkForm(bearer)
      const verifier = verifiers.find((one) => one.accepts(token))
      if (verifier === undefined) throw refused('this server did not make it')
      const identity = await verifier.verify(token, clock.now())
      return toPrincipal(identity, await resolveUser(identity.subject, options))
    },
    recheck: async (principal) => {
      const now = clock.now()
      if (isExpired(principal, now)) return false
      const user = await findUser({ id: principal.user.id }, options)
      if (user?.isActive !== true) return false
      const verifier = verifiers.find((one) => one.owns(principal.tokenId))
      return verifier !== undefined && (await verifier.isStillGood(principal, now))
    },
  }
}

/** Takes the token out of an `Authorization` header; `undefined` when the header is absent or says something else. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : BEARER.exec(authorization)?.[1]
}

function toVerifiers(options: AuthenticatorOptions): readonly TokenVerifier[] {
  const { tokens, signingKey: key, maxRememberedTokens: maxRemembered = MAX_REMEMBERED_TOKENS } = options
  const own = [createDeviceTokenVerifier(tokens), createSignedTokenVerifier({ tokens, key, maxRemembered })]
  return [...own, ...(options.moreVerifiers ?? [])]
}

// A socket hands over whatever its client sent, whatever the type says. The length comes first: all else costs time per character.
function checkForm(bearer: unknown): string {
  if (typeof bearer !== 'string' || bearer === '') throw refused('expected a bearer token, got none')
  if (bearer.length > MAX_TOKEN_CHARS) throw refused(`expected at most ${MAX_TOKEN_CHARS} characters`)
  return bearer
}

async function resolveUser(subject: Subject, options: AuthenticatorOptions): Promise<User> {
  const user = (await findUser(subject, options)) ?? (await welcome(subject, options.users))
  if (user === undefined) throw refused('its user does not exist any more')
  if (!user.isActive) throw refused('its user is deactivated; ask an administrator')
  return user
}

async function findUser(
  subject: Subject,
  { users, findUser }: AuthenticatorOptions,
): Promise<User | undefined> {
  return (
    findUser?.(subject) ??
    ('id' in subject ? await users.get(subject.id) : await users.findByName(subject.name))
  )
}

// Whoever holds the server's key has vouched for the name. Two first requests at once meet in the store: one creates.
async function welcome(subject: Subject, users: Users): Promise<User | undefined> {
  if ('id' in subject) return undefined
  const { name, role } = subject
  if (subject.mustExist) throw nobody(name)
  try {
    return await users.create({ name, role })
  } catch (error) {
    if (isAppError(error, 'ALREADY_EXISTS')) return users.findByName(subject.name)
    if (isAppError(error, 'INVALID')) throw refused('its subject cannot be the name of a user')
    throw error
  }
}

// The token is good, so a new one would not help; and it is no try to guess one.
function nobody(name: string): AppError {
  const subject = JSON.stringify(name)
  return new AppError(
    'FORBIDDEN',
    `nobody here is ${subject}; ask an administrator to make a User with spec.subject: ${subject}`,
  )
}

function toPrincipal({ scopes, deviceId, tokenId, expiresAt }: Identity, user: User): Principal {
  return { user, scopes, deviceId, tokenId, expiresAt }
}
