import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import type { DeviceToken, Tokens } from '#store/tokens.ts'

import type { Database, Statement } from './database.ts'

export interface SqliteTokensDeps {
  readonly database: Database
  readonly clock: Clock
}

type TokenRow = Omit<DeviceToken, 'userId'> & { readonly userId: number }

const COLUMNS = `id, user_id AS userId, name, device_id AS deviceId, hash,
  created_at AS createdAt, expires_at AS expiresAt, revoked_at AS revokedAt`

/** Tokens as rows of the tables `device_tokens` and `revoked_tokens`. */
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
  readonly #findSigned: Statement<{ readonly jti: string }>

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
    this.#findSigned = database.prepare('SELECT jti FROM revoked_tokens WHERE jti = ?')
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
    this.#database.transaction(() => {
      this.#forgetSigned.run(this.#clock.now())
      this.#revokeSigned.run(jti, Date.parse(expiresAt))
    })
  }

  async isSignedRevoked(jti: string): Promise<boolean> {
    return this.#findSigned.first(jti) !== undefined
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
