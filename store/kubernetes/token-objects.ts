import { createHash } from 'node:crypto'

import { isRecord } from '#core/json.ts'
import { GROUP } from '#crds/group.ts'
import type { DeviceToken } from '#store/tokens.ts'

import { textOf, timeOf } from './answer-fields.ts'
import type { SecretObject } from './secret-object.ts'

/** What kind of thing a Secret of the operator keeps. */
const KIND_LABEL = `${GROUP}/kind`
const USER_LABEL = `${GROUP}/user`
const ID_LABEL = `${GROUP}/token-id`
const DEVICE_TOKEN = 'device-token'
const REVOKED_TOKEN = 'revoked-token'
const ENTRY = 'token.json'
const REQUIRED = ['id', 'userId', 'name', 'createdAt']

/** Selects all Secrets that keep something about tokens. */
export const TOKEN_SECRETS = `${KIND_LABEL} in (${DEVICE_TOKEN},${REVOKED_TOKEN})`

/** A Secret on its way in. */
export interface NewSecret {
  readonly apiVersion: 'v1'
  readonly kind: 'Secret'
  readonly type: string
  readonly metadata: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    /** Absent when it is to be made. */
    readonly resourceVersion?: string
  }
  /** Base64. */
  readonly data: Readonly<Record<string, string>>
}

/** A signed token that was revoked. */
export interface RevokedToken {
  readonly secretName: string
  /** Epoch ms. */
  readonly expiresAt: number
}

/** The Secret that keeps the device token with a hash; `undefined` for a text that is no hash. */
export function deviceTokenName(hash: string): string | undefined {
  return /^[0-9a-f]{64}$/.test(hash) ? `${DEVICE_TOKEN}-${hash}` : undefined
}

/** The Secret that says that a signed token was revoked. */
export function revokedTokenName(jti: string): string {
  return `${REVOKED_TOKEN}-${hashOf(jti)}`
}

/** Selects the device tokens of one user. */
export function deviceTokensOf(userId: string): string {
  return `${KIND_LABEL}=${DEVICE_TOKEN},${USER_LABEL}=${userId}`
}

/** Selects the device token with an id. */
export function deviceTokenById(id: string): string {
  return `${KIND_LABEL}=${DEVICE_TOKEN},${ID_LABEL}=${shortHashOf(id)}`
}

/** Makes the Secret of a device token; the hash is in its name only. */
export function toDeviceTokenSecret(name: string, token: DeviceToken, resourceVersion?: string): NewSecret {
  const { hash: _, ...rest } = token
  const labels = {
    [KIND_LABEL]: DEVICE_TOKEN,
    [USER_LABEL]: token.userId,
    [ID_LABEL]: shortHashOf(token.id),
  }
  return newSecret({ name, labels, ...(resourceVersion !== undefined && { resourceVersion }) }, rest)
}

/** Makes the Secret of a revoked token. */
export function toRevokedSecret(
  { secretName, expiresAt }: RevokedToken,
  resourceVersion?: string,
): NewSecret {
  const labels = { [KIND_LABEL]: REVOKED_TOKEN }
  const metadata = { name: secretName, labels, ...(resourceVersion !== undefined && { resourceVersion }) }
  return newSecret(metadata, { expiresAt: new Date(expiresAt).toISOString() })
}

/** The hash of the device token that a Secret of this name keeps, if it keeps one. */
export function hashInName(secretName: string): string {
  return secretName.slice(`${DEVICE_TOKEN}-`.length)
}

/** Reads a device token; `undefined` for a Secret that keeps none, or that somebody spoilt. */
export function fromDeviceTokenSecret(secret: SecretObject): DeviceToken | undefined {
  const hash = hashInName(secret.metadata.name)
  const content = readEntry(secret, DEVICE_TOKEN)
  const isNamed = deviceTokenName(hash) === secret.metadata.name
  const isWhole = REQUIRED.every((field) => textOf(content, field) !== '')
  if (content === undefined || !isNamed || !isWhole) return undefined
  return {
    id: textOf(content, 'id'),
    userId: textOf(content, 'userId'),
    name: textOf(content, 'name'),
    deviceId: textOf(content, 'deviceId') || null,
    hash,
    createdAt: textOf(content, 'createdAt'),
    expiresAt: textOf(content, 'expiresAt') || null,
    revokedAt: textOf(content, 'revokedAt') || null,
  }
}

/** Reads what is known of a revoked token; `undefined` for a Secret that keeps none, or that somebody spoilt. */
export function fromRevokedSecret(secret: SecretObject): RevokedToken | undefined {
  const expiresAt = timeOf(readEntry(secret, REVOKED_TOKEN), 'expiresAt')
  return expiresAt === 0 ? undefined : { secretName: secret.metadata.name, expiresAt }
}

function newSecret(metadata: NewSecret['metadata'], content: object): NewSecret {
  const data = { [ENTRY]: Buffer.from(JSON.stringify(content)).toString('base64') }
  const type = `${GROUP}/${metadata.labels[KIND_LABEL] ?? ''}`
  return { apiVersion: 'v1', kind: 'Secret', type, metadata, data }
}

function readEntry(
  { metadata, data }: SecretObject,
  kind: string,
): Readonly<Record<string, unknown>> | undefined {
  if (metadata.labels[KIND_LABEL] !== kind) return undefined
  try {
    const content: unknown = JSON.parse(Buffer.from(data[ENTRY] ?? '', 'base64').toString())
    return isRecord(content) ? content : undefined
  } catch {
    return undefined
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

// Values of labels are short, and have not all signs.
function shortHashOf(text: string): string {
  return hashOf(text).slice(0, 40)
}
