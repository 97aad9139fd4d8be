import type { KindName } from '#crds/kinds.ts'

import type { Database, Statement } from './database.ts'
import { NOBODY, toNamespace } from './namespaces.ts'
import type { OwnedSnapshot } from './stored-object.ts'

/** Names a row. `userId` is 0 for cluster-scoped kinds. */
export interface RowKey {
  readonly kind: KindName
  readonly userId: number
  readonly name: string
}

/** Where a listing begins and what it covers. */
export interface RowRange {
  readonly kind: KindName
  /** `undefined`: everybody's. */
  readonly userId: number | undefined
  /** The place before the first row, in the order of lists; empty texts: from the start. */
  readonly afterNamespace: string
  readonly afterName: string
}

/** A row in a listing. */
export interface ListedRow extends OwnedSnapshot {
  readonly name: string
}

/** What a row is set to. */
export interface RowContent {
  readonly json: string
  readonly version: number
  /** ISO 8601. */
  readonly at: string
}

const COLUMNS = 'user_id AS userId, name, json, resource_version AS version'
const ACTIVE = `kind = ? AND namespace = 'default' AND is_active = 1`

/** The active rows of `kinds`. The namespace of its user stands for `user_id`, because lists are ordered by it. */
export class ObjectTable {
  readonly #find: Statement<ListedRow>
  readonly #insert: Statement<never>
  readonly #update: Statement<never>
  readonly #delete: Statement<never>
  readonly #listOwner: Statement<ListedRow>
  readonly #listAll: Statement<ListedRow>
  readonly #countOwner: Statement<{ readonly count: number }>
  readonly #countAll: Statement<{ readonly count: number }>

  constructor(database: Database) {
    this.#find = database.prepare(`SELECT ${COLUMNS} FROM kinds WHERE ${ACTIVE} AND owner = ? AND name = ?`)
    this.#insert = database.prepare(
      `INSERT INTO kinds (kind, user_id, name, json, resource_version, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    )
    this.#update = database.prepare(
      `UPDATE kinds SET json = ?, resource_version = ?, updated_at = ? WHERE ${ACTIVE} AND owner = ? AND name = ?`,
    )
    this.#delete = database.prepare(`DELETE FROM kinds WHERE ${ACTIVE} AND owner = ? AND name = ?`)
    const ofOwner = `FROM kinds WHERE ${ACTIVE} AND owner = ? AND (owner, name) > (?, ?)`
    const ofAll = `FROM kinds WHERE ${ACTIVE} AND (owner, name) > (?, ?)`
    this.#listOwner = database.prepare(`SELECT ${COLUMNS} ${ofOwner} ORDER BY owner, name`)
    this.#listAll = database.prepare(`SELECT ${COLUMNS} ${ofAll} ORDER BY owner, name`)
    this.#countOwner = database.prepare(`SELECT count(*) AS count ${ofOwner}`)
    this.#countAll = database.prepare(`SELECT count(*) AS count ${ofAll}`)
  }

  find({ kind, userId, name }: RowKey): ListedRow | undefined {
    return this.#find.first(kind, toOwner(userId), name)
  }

  /** Tells whether the name was free. */
  insert({ kind, userId, name }: RowKey, { json, version, at }: RowContent): boolean {
    return this.#insert.run(kind, userId, name, json, version, at, at) === 1
  }

  update({ kind, userId, name }: RowKey, { json, version, at }: RowContent): void {
    this.#update.run(json, version, at, kind, toOwner(userId), name)
  }

  /** The row goes, not only its `is_active`: with `secure_delete`, nothing of it stays. */
  delete({ kind, userId, name }: RowKey): void {
    this.#delete.run(kind, toOwner(userId), name)
  }

  /** Rows in the order of lists: namespace, then name. */
  each({ kind, userId, afterNamespace, afterName }: RowRange): IterableIterator<ListedRow> {
    return userId === undefined
      ? this.#listAll.each(kind, afterNamespace, afterName)
      : this.#listOwner.each(kind, toOwner(userId), afterNamespace, afterName)
  }

  count({ kind, userId, afterNamespace, afterName }: RowRange): number {
    const row =
      userId === undefined
        ? this.#countAll.first(kind, afterNamespace, afterName)
        : this.#countOwner.first(kind, toOwner(userId), afterNamespace, afterName)
    return row?.count ?? 0
  }
}

/** The place of a user's rows in the order of lists; empty for cluster-scoped kinds. */
export function toOwner(userId: number): string {
  return userId === NOBODY ? '' : toNamespace(userId)
}
