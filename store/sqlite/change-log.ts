import { AppError } from '#core/errors.ts'
import type { KindName } from '#crds/kinds.ts'

import type { Change } from './change.ts'
import type { Database, Statement } from './database.ts'
import type { Snapshot } from './stored-object.ts'

/** How much history is kept. Whatever is over a bound goes with one of the next writes. */
export interface HistoryBounds {
  readonly maxChanges: number
  readonly maxBytes: number
}

interface ChangeRow {
  readonly version: number
  readonly kind: KindName
  readonly userId: number
  readonly name: string
  readonly type: Change['type']
  readonly json: string | null
  readonly previous: string | null
  readonly previousVersion: number | null
}

/** An object as it was at an older version; `null` when it was not there. */
export interface Undone {
  readonly userId: number
  readonly name: string
  readonly before: Snapshot | null
}

interface UndoneRow {
  readonly userId: number
  readonly name: string
  readonly previous: string | null
  readonly previousVersion: number | null
}

// The object after a change is what the next change of it found, or else the current row. A version is one change, so it
// names the object as well.
const READ = `
  SELECT c.version, c.kind, c.user_id AS userId, c.name, c.type, c.previous, c.previous_version AS previousVersion,
    CASE c.type WHEN 'DELETED' THEN NULL ELSE coalesce(
      (SELECT n.previous FROM changes n WHERE n.previous_version = c.version),
      (SELECT k.json FROM kinds k
        WHERE k.kind = c.kind AND k.namespace = 'default' AND k.name = c.name AND k.is_active = 1
          AND k.owner = CASE c.user_id WHEN 0 THEN '' ELSE 'user-' || c.user_id END)
    ) END AS json
  FROM changes c WHERE c.kind = ? AND c.version > ? ORDER BY c.version LIMIT ?`

// The oldest row is itself forgotten when it is only kept because the last version is read off it.
const TOTALS = `
  SELECT max(version) AS newest, ifnull(sum(length(previous)), 0) AS bytes,
    min(version) - (SELECT type <> 'FORGOTTEN' FROM changes ORDER BY version LIMIT 1) AS floor
  FROM changes`

interface Totals {
  readonly newest: number
  readonly bytes: number
  readonly floor: number
}

// SQLite takes the bare columns from the row that holds the minimum.
const UNDO = `
  SELECT user_id AS userId, name, previous, previous_version AS previousVersion, min(version)
  FROM changes WHERE kind = ? AND version > ? GROUP BY user_id, name`

/** The durable history of changes: one row per transaction, versions without gaps. */
export class ChangeLog {
  readonly #bounds: HistoryBounds
  readonly #insert: Statement<never>
  readonly #read: Statement<ChangeRow>
  readonly #undo: Statement<UndoneRow>
  readonly #sizes: Statement<{ readonly version: number; readonly bytes: number; readonly changedAt: number }>
  readonly #forget: Statement<never>
  readonly #empty: Statement<never>
  #version: number
  #floor: number
  #bytes: number

  constructor(database: Database, bounds: HistoryBounds) {
    this.#bounds = bounds
    this.#insert = database.prepare(
      `INSERT INTO changes (version, kind, user_id, name, type, previous, previous_version, changed_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#read = database.prepare(READ)
    this.#undo = database.prepare(UNDO)
    this.#sizes = database.prepare(
      `SELECT version, ifnull(length(previous), 0) AS bytes, changed_at AS changedAt FROM changes
       WHERE version > ? ORDER BY version`,
    )
    this.#forget = database.prepare('DELETE FROM changes WHERE version <= ?')
    this.#empty = database.prepare(
      `UPDATE changes SET kind = '', user_id = 0, name = '', type = 'FORGOTTEN', previous = NULL, previous_version = NULL
       WHERE version = ?`,
    )
    const totals = database.prepare<Totals>(TOTALS).first()
    this.#version = totals?.newest ?? 0
    this.#floor = totals?.floor ?? 0
    this.#bytes = totals?.bytes ?? 0
  }

  /** The version of the last transaction. */
  get version(): number {
    return this.#version
  }

  /** @throws AppError `EXPIRED` when changes after this version are forgotten, or it never was (another database's) */
  checkIsKept(version: number): void {
    if (version >= this.#floor && version <= this.#version) return
    throw new AppError('EXPIRED', `version ${version} is not in the kept history; list again`)
  }

  /** Must be called within the transaction that makes the change; `committed` follows when that is on disk. */
  append(change: Change, changedAt: number): void {
    const { version, kind, userId, name, type, previous } = change
    this.#insert.run(
      version,
      kind,
      userId,
      name,
      type,
      previous?.json ?? null,
      previous?.version ?? null,
      changedAt,
    )
  }

  /** Takes up the version of a change that is no object's. */
  appendOther(version: number, changedAt: number): void {
    this.#insert.run(version, '', 0, '', 'OTHER', null, null, changedAt)
  }

  /** Called when the transaction that appended is on disk. */
  committed(version: number, bytes: number): void {
    this.#version = version
    this.#bytes += bytes
  }

  /** Changes of a kind after a version, oldest first. */
  read(kind: KindName, after: number, limit: number): readonly Change[] {
    return this.#read.all(kind, after, limit).map(toChange)
  }

  /** For every object of a kind that changed after a version: what it was at that version. */
  undoneSince(kind: KindName, version: number): readonly Undone[] {
    return this.#undo.all(kind, version).map(({ userId, name, previous, previousVersion }) => ({
      userId,
      name,
      before: toSnapshot(previous, previousVersion),
    }))
  }

  /** Whether {@link forget} is due before the next write. Leaves slack, so that not every write pays for it. */
  get isOverBounds(): boolean {
    const { maxChanges, maxBytes } = this.#bounds
    return this.#version - this.#floor > maxChanges * 1.1 || this.#bytes > maxBytes * 1.1
  }

  /** Whether there is anything to forget. */
  get hasHistory(): boolean {
    return this.#floor < this.#version
  }

  /** Forgets what is over the bounds or was changed before a time; tells whether that was anything. */
  forget(changedBefore = Number.NEGATIVE_INFINITY): boolean {
    const { maxChanges, maxBytes } = this.#bounds
    let bytes = this.#bytes
    let floor = this.#floor
    for (const row of this.#sizes.each(floor)) {
      const isOver = this.#version - floor > maxChanges || bytes > maxBytes || row.changedAt < changedBefore
      if (!isOver) break
      floor = row.version
      bytes -= row.bytes
    }
    if (floor === this.#floor) return false
    // The last version is read off the last row, so that one is emptied instead.
    if (floor === this.#version) this.#empty.run(floor)
    this.#forget.run(Math.min(floor, this.#version - 1))
    this.#floor = floor
    this.#bytes = bytes
    return true
  }
}

function toChange({ version, kind, userId, name, type, json, previous, previousVersion }: ChangeRow): Change {
  return { version, kind, userId, name, type, json, previous: toSnapshot(previous, previousVersion) }
}

function toSnapshot(json: string | null, version: number | null): Snapshot | null {
  return json === null || version === null ? null : { json, version }
}
