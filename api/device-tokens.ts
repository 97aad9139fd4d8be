import { createHash, randomBytes } from 'node:crypto'

import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import type { DeviceToken, Tokens } from '#store/tokens.ts'

/** What a user asks for when making a device token. */
export interface NewDeviceToken {
  readonly userId: string
  /** 1 to 100 printable characters; surrounding spaces are dropped. */
  readonly name: string
  /** The only device that may use it; absent: any of the user's. */
  readonly deviceId?: string
  /** Absent: until it is revoked. */
  readonly expiresInSeconds?: number
}

/** A device token as its user sees it: all but the hash. */
export type DeviceTokenRecord = Omit<DeviceToken, 'hash'>

/** A token right after it was made; the only moment the text exists outside its device. */
interface MadeDeviceToken {
  readonly record: DeviceTokenRecord
  readonly token: Secret<string>
}

/** Makes, lists and revokes a user's device tokens. */
export interface DeviceTokenService {
  /** Rejects with `INVALID` for a bad name, device or lifetime, and when the user has 1000 tokens in use. */
  create(request: NewDeviceToken): Promise<MadeDeviceToken>
  /** Newest first, revoked ones included. */
  list(userId: string): Promise<readonly DeviceTokenRecord[]>
  /** Idempotent; keeps the first time. Rejects with `NOT_FOUND`, for another user's token too. */
  revoke(userId: string, id: string): Promise<DeviceTokenRecord>
}

const START = 'rcd_'
const FORM = /^rcd_([0-9a-f]{20})_[\w-]{43}$/
const ID_FORM = /^[0-9a-f]{20}$/
const MAX_CHARS = 100
const MAX_LIFETIME_SECONDS = 10 * 366 * 24 * 3600
const MAX_IN_USE = 1000
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u

/** Makes the service over the kept tokens. */
export function createDeviceTokenService(deps: {
  readonly tokens: Tokens
  readonly clock: Clock
}): DeviceTokenService {
  const { tokens, clock } = deps
  return {
    create: (request) => create(request, tokens, clock.now()),
    list: async (userId) => (await tokens.list(userId)).map(withoutHash),
    revoke: async (userId, id) => {
      if (!isDeviceTokenId(id)) throw new AppError('NOT_FOUND', 'this device token does not exist')
      return withoutHash(await tokens.revoke(userId, id, new Date(clock.now()).toISOString()))
    },
  }
}

/** Tells whether a text has the form of a device token. */
export function looksLikeDeviceToken(text: string): boolean {
  return FORM.test(text)
}

/** Tells whether a text is a device token, whole or mistyped: it concerns nobody but this server, not even to be refused. */
export function isMeantAsDeviceToken(text: string): boolean {
  return text.startsWith(START)
}

/** Tells whether a token id is one of a device token; ids of signed tokens have another form. */
export function isDeviceTokenId(id: string): boolean {
  return ID_FORM.test(id)
}

/** Gives the hash under which a token is kept: lower-case hex SHA-256. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Tells whether a kept token is still good at a time (epoch ms): neither revoked nor expired. */
export function isInUse(token: Pick<DeviceToken, 'expiresAt' | 'revokedAt'>, now: number): boolean {
  return token.revokedAt === null && (token.expiresAt === null || now < Date.parse(token.expiresAt))
}

async function create(request: NewDeviceToken, tokens: Tokens, now: number): Promise<MadeDeviceToken> {
  const name = checkText('name', request.name.trim())
  const deviceId = request.deviceId === undefined ? null : checkText('device_id', request.deviceId)
  const expiresAt = toExpiry(request.expiresInSeconds, now)
  const inUse = (await tokens.list(request.userId)).filter((token) => isInUse(token, now))
  if (inUse.length >= MAX_IN_USE) {
    throw new AppError('INVALID', `expected at most ${MAX_IN_USE} device tokens in use; revoke some first`)
  }
  const id = randomBytes(10).toString('hex')
  const token = `rcd_${id}_${randomBytes(32).toString('base64url')}`
  const createdAt = new Date(now).toISOString()
  const record = { id, userId: request.userId, name, deviceId, createdAt, expiresAt, revokedAt: null }
  await tokens.create({ ...record, hash: hashToken(token) })
  return { record, token: new Secret(token) }
}

// The text itself is not repeated: people paste secrets into the wrong box.
function checkText(field: string, text: string): string {
  const isGood = text !== '' && text.length <= MAX_CHARS && text.isWellFormed() && !UNPRINTABLE.test(text)
  if (isGood) return text
  throw new AppError('INVALID', `${field}: expected 1 to ${MAX_CHARS} printable characters`)
}

function toExpiry(seconds: number | undefined, now: number): string | null {
  if (seconds === undefined) return null
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_LIFETIME_SECONDS) {
    throw new AppError('INVALID', `expires_in_seconds: expected 1 to ${MAX_LIFETIME_SECONDS} whole seconds`)
  }
  return new Date(now + seconds * 1000).toISOString()
}

function withoutHash(token: DeviceToken): DeviceTokenRecord {
  const { id, userId, name, deviceId, createdAt, expiresAt, revokedAt } = token
  return { id, userId, name, deviceId, createdAt, expiresAt, revokedAt }
}
