import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'
import { checkUserName } from '#store/user-name.ts'
import type { NewUser, Preferences, PreferencesChange, User, UserEvent, Users } from '#store/users.ts'

import type { ChangeFeed } from './change-feed.ts'
import type { Commits } from './commits.ts'
import type { Database, Statement } from './database.ts'
import { fromNamespace, toNamespace } from './namespaces.ts'
import { watchUsers } from './user-watch.ts'

export interface SqliteUsersDeps {
  readonly database: Database
  readonly feed: ChangeFeed
  readonly commits: Commits
  readonly clock: Clock
}

interface UserRow {
  readonly id: number
  readonly name: string
  readonly email: string | null
  readonly role: string
  readonly isActive: number
  readonly preferences: string
  readonly version: number
}

const COLUMNS = `id, user_name AS name, email, role, is_active AS isActive, preferences, resource_version AS version`

/** The people as rows of the table `users`. */
export class SqliteUsers implements Users {
  readonly #deps: SqliteUsersDeps
  readonly #known = new Set<number>()
  readonly #byId: Statement<UserRow>
  readonly #byName: Statement<UserRow>
  readonly #all: Statement<UserRow>
  readonly #changed: Statement<UserRow>
  readonly #insert: Statement<never>
  readonly #setActive: Statement<never>
  readonly #setPreferences: Statement<never>

  constructor(deps: SqliteUsersDeps) {
    const { database } = deps
    this.#deps = deps
    this.#byId = database.prepare(`SELECT ${COLUMNS} FROM users WHERE id = ?`)
    this.#byName = database.prepare(`SELECT ${COLUMNS} FROM users WHERE user_name = ?`)
    this.#all = database.prepare(`SELECT ${COLUMNS} FROM users ORDER BY id`)
    this.#changed = database.prepare(
      `SELECT ${COLUMNS} FROM users WHERE resource_version > ? ORDER BY resource_version`,
    )
    this.#insert = database.prepare(
      `INSERT INTO users (user_name, email, role, created_at, updated_at, resource_version)
       VALUES (?, ?, ?, ?, ?, ?)`,
    )
    this.#setActive = database.prepare(
      'UPDATE users SET is_active = ?, updated_at = ?, resource_version = ? WHERE id = ?',
    )
    this.#setPreferences = database.prepare(
      'UPDATE users SET preferences = ?, updated_at = ?, resource_version = ? WHERE id = ?',
    )
  }

  /** Tells whether there is a user with this id, active or not. */
  has(id: number): boolean {
    if (this.#known.has(id)) return true
    const isKnown = this.#byId.first(id) !== undefined
    // Users are never removed, so who was there once stays.
    if (isKnown) this.#known.add(id)
    return isKnown
  }

  async get(id: string): Promise<User | undefined> {
    return toUser(this.#row(id))
  }

  async findByName(name: string): Promise<User | undefined> {
    const row = this.#byName.first(name)
    // What is no text in UTF-8, half a character, is asked for as something else.
    return row?.name === name ? readUser(row) : undefined
  }

  async findByNamespace(namespace: string): Promise<User | undefined> {
    const id = fromNamespace(namespace)
    return id === undefined ? undefined : toUser(this.#byId.first(id))
  }

  async list(): Promise<readonly User[]> {
    return this.#all.all().map(readUser)
  }

  async create({ name, email, role = 'user' }: NewUser): Promise<User> {
    checkUserName(name)
    if (this.#byName.first(name)) throw new AppError('ALREADY_EXISTS', `a user named ${name} exists already`)
    const now = this.#now()
    this.#deps.commits.writeUser((version) => {
      this.#insert.run(name, email ?? null, role, now, now, version)
    })
    return this.#found(this.#byName.first(name))
  }

  async setActive(id: string, isActive: boolean): Promise<User> {
    const user = this.#found(this.#row(id))
    if (user.isActive === isActive) return user
    this.#deps.commits.writeUser((version) => {
      this.#setActive.run(isActive ? 1 : 0, this.#now(), version, Number(id))
    })
    return this.#found(this.#row(id))
  }

  async updatePreferences(id: string, change: PreferencesChange): Promise<User> {
    const row = this.#row(id)
    const user = this.#found(row)
    if (user.resourceVersion !== change.expectedVersion) {
      throw new AppError('CONFLICT', 'the user was changed meanwhile; read the preferences and try again')
    }
    const preferences = JSON.stringify(change.preferences)
    if (row?.preferences === preferences) return user
    this.#deps.commits.writeUser((version) => {
      this.#setPreferences.run(preferences, this.#now(), version, Number(id))
    })
    return this.#found(this.#row(id))
  }

  watch({ signal }: { readonly signal: AbortSignal }): AsyncIterable<UserEvent> {
    const changedSince = (version: number) => this.#changed.all(version).map(readUser)
    return watchUsers({ feed: this.#deps.feed, changedSince }, signal)
  }

  #row(id: string): UserRow | undefined {
    return /^[1-9][0-9]{0,15}$/.test(id) ? this.#byId.first(Number(id)) : undefined
  }

  #found(row: UserRow | undefined): User {
    if (row === undefined) throw new AppError('NOT_FOUND', 'there is no such user')
    return readUser(row)
  }

  #now(): string {
    return new Date(this.#deps.clock.now()).toISOString()
  }
}

function toUser(row: UserRow | undefined): User | undefined {
  return row && readUser(row)
}

function readUser({ id, name, email, role, isActive, preferences, version }: UserRow): User {
  return {
    id: String(id),
    name,
    email,
    role: role === 'admin' ? 'admin' : 'user',
    namespace: toNamespace(id),
    isActive: isActive !== 0,
    preferences: readPreferences(preferences),
    resourceVersion: String(version),
  }
}

// Other programs write this column too; what is no JSON object counts as empty.
function readPreferences(text: string): Preferences {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}
