/** A device token as it is kept: never the token, only its SHA-256. */
export interface DeviceToken {
  readonly id: string
  readonly userId: string
  /** What the user called it, 1–100 characters. */
  readonly name: string
  /** The only device this token may register as; `null`: any device of the user. */
  readonly deviceId: string | null
  /** Lower-case hex SHA-256 of the token. */
  readonly hash: string
  /** ISO 8601. */
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly revokedAt: string | null
}

/** Device tokens, and the signed tokens that were revoked before they expired. */
export interface Tokens {
  create(token: DeviceToken): Promise<void>
  /** Revoked and expired ones included: who asks decides. */
  findByHash(hash: string): Promise<DeviceToken | undefined>
  get(userId: string, id: string): Promise<DeviceToken | undefined>
  /** Newest first, revoked ones included. */
  list(userId: string): Promise<readonly DeviceToken[]>
  /** Idempotent; keeps the first time. Rejects with `NOT_FOUND` for another user's token too. */
  revoke(userId: string, id: string, revokedAt: string): Promise<DeviceToken>
  /** Remembers that the signed token with this `jti` is no longer good; forgotten by itself after `expiresAt`. */
  revokeSigned(jti: string, expiresAt: string): Promise<void>
  isSignedRevoked(jti: string): Promise<boolean>
}
