import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import type { DeviceToken, Tokens } from '#store/tokens.ts'

import type { Database, Statement } from './database.ts'

export interface SqliteTokensDeps {
  readonly database: Database
  readonly clock: Clock
}

type TokenRow = Omit<DeviceToken, 'userId'> & { readonly userId: number }

interface RevokedRow {
  readonly jti: string
  /** Epoch ms. */
  readonly expiresAt: number
}

const COLUMNS = `id, user_id AS userId, name, device_id AS deviceId, hash,
  created_at AS createdAt, expires_at AS expiresAt, revoked_at AS revokedAt`

/**
 * Tokens as rows of the tables `device_tokens` and `revoked_tokens`.
 *
 * The signed tokens that are revoked are in memory as well, all of them: every request asks for one, there are few, and no
 * other process writes to this database.
 */
export class SqliteTokens implements Tokens {
  readonly #clock: Clock
  readonly #database: Database
  readonly #insert: Statement<never>
  readonly #byHash: Statement<TokenRow>
  readonly #byId: Statement<TokenRow>
  readonly #ofUser: Statement<TokenRow>
  readonly #userExists: Statement<{ readonly id: number }>
  readonly #revoke: Statement<never>
  readonly #revokeSigned: Statement<never>
  readonly #forgetSigned: Statement<never>
  /** When each expires, epoch ms, by `jti`; the same as in the table. */
  readonly #revokedSigned: Map<string, number>

  constructor({ database, clock }: SqliteTokensDeps) {
    this.#clock = clock
    this.#database = database
    this.#insert = database.prepare(
      `INSERT INTO device_tokens (id, user_id, name, device_id, hash, created_at, expires_at, revoked_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    )
    this.#byHash = database.prepare(`SELECT ${COLUMNS} FROM device_tokens WHERE hash = ?`)
    this.#byId = database.prepare(`SELECT ${COLUMNS} FROM device_tokens WHERE user_id = ? AND id = ?`)
    this.#ofUser = database.prepare(
      `SELECT ${COLUMNS} FROM device_tokens WHERE user_id = ? ORDER BY created_at DESC, id`,
    )
    this.#userExists = database.prepare('SELECT id FROM users WHERE id = ?')
    this.#revoke = database.prepare(
      'UPDATE device_tokens SET revoked_at = ? WHERE user_id = ? AND id = ? AND revoked_at IS NULL',
    )
    this.#revokeSigned = database.prepare(
      `INSERT INTO revoked_tokens (jti, expires_at) VALUES (?, ?)
       ON CONFLICT (jti) DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)`,
    )
    this.#forgetSigned = database.prepare('DELETE FROM revoked_tokens WHERE expires_at <= ?')
    const revoked = database.prepare<RevokedRow>('SELECT jti, expires_at AS expiresAt FROM revoked_tokens')
    this.#revokedSigned = new Map(revoked.all().map(({ jti, expiresAt }) => [jti, expiresAt]))
  }

  async create(token: DeviceToken): Promise<void> {
    const userId = toUserId(token.userId)
    if (!this.#userExists.first(userId)) throw new AppError('NOT_FOUND', 'there is no such user')
    const { id, name, deviceId, hash, createdAt, expiresAt, revokedAt } = token
    const made = this.#insert.run(id, userId, name, deviceId, hash, createdAt, expiresAt, revokedAt)
    if (made === 0) throw new AppError('ALREADY_EXISTS', 'this token exists already')
  }

  async findByHash(hash: string): Promise<DeviceToken | undefined> {
    return toToken(this.#byHash.first(hash))
  }

  async get(userId: string, id: string): Promise<DeviceToken | undefined> {
    return toToken(this.#byId.first(toUserId(userId), id))
  }

  async list(userId: string): Promise<readonly DeviceToken[]> {
    return this.#ofUser.all(toUserId(userId)).map(readToken)
  }

  async revoke(userId: string, id: string, revokedAt: string): Promise<DeviceToken> {
    const owner = toUserId(userId)
    this.#revoke.run(revokedAt, owner, id)
    const token = toToken(this.#byId.first(owner, id))
    if (token === undefined) throw new AppError('NOT_FOUND', 'there is no such device token')
    return token
  }

  async revokeSigned(jti: string, expiresAt: string): Promise<void> {
    const [now, endsAt] = [this.#clock.now(), Date.parse(expiresAt)]
    this.#database.transaction(() => {
      this.#forgetSigned.run(now)
      this.#revokeSigned.run(jti, endsAt)
    })
    // Only what is on disk is remembered: a token that comes back with the next start was never revoked.
    for (const [known, knownEndsAt] of this.#revokedSigned) {
      if (knownEndsAt <= now) this.#revokedSigned.delete(known)
    }
    this.#revokedSigned.set(jti, Math.max(endsAt, this.#revokedSigned.get(jti) ?? endsAt))
  }

  async isSignedRevoked(jti: string): Promise<boolean> {
    return this.#revokedSigned.has(jti)
  }
}

// What is no id belongs to nobody.
function toUserId(userId: string): number {
  return /^[1-9][0-9]{0,15}$/.test(userId) ? Number(userId) : 0
}

function toToken(row: TokenRow | undefined): DeviceToken | undefined {
  return row && readToken(row)
}

function readToken(row: TokenRow): DeviceToken {
  return { ...row, userId: String(row.userId) }
}
