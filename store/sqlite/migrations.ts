import type { Database } from './database.ts'

// Each entry is applied once, in order, in a transaction of its own. Never change one that was released; add another.
//
// kinds: one row per object, whatever its kind. `user_id` is 0 for cluster-scoped kinds. `owner` is the namespace as the
// store port knows it, so that the one index gives both the unique active key and the order of lists.
//
// changes: one row per transaction, `version` being its resourceVersion. `previous` is the object before the change: the
// object after it is the `previous` of the next change, or the row in kinds. So nothing is written twice, and the objects
// at an older version can be told as long as the changes since are there. `kind` is empty for
// changes that are no object's, and for a row that is only there to keep the last version.
const MIGRATIONS = [
  `
  CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_name varchar(100) NOT NULL UNIQUE,
    email varchar(255),
    is_active INTEGER NOT NULL DEFAULT 1,
    role varchar(20) NOT NULL DEFAULT 'user',
    preferences TEXT NOT NULL DEFAULT '{}',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    resource_version INTEGER NOT NULL
  );
  CREATE INDEX users_by_version ON users (resource_version);

  CREATE TABLE kinds (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL,
    kind varchar(50) NOT NULL,
    name varchar(100) NOT NULL,
    namespace varchar(100) NOT NULL DEFAULT 'default',
    json TEXT NOT NULL,
    is_active INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    resource_version INTEGER NOT NULL,
    owner TEXT NOT NULL GENERATED ALWAYS AS (CASE user_id WHEN 0 THEN '' ELSE 'user-' || user_id END) VIRTUAL
  );
  CREATE UNIQUE INDEX kinds_active_key ON kinds (kind, namespace, owner, name) WHERE is_active = 1;

  CREATE TABLE changes (
    version INTEGER PRIMARY KEY,
    kind varchar(50) NOT NULL,
    user_id INTEGER NOT NULL,
    name varchar(100) NOT NULL,
    type varchar(10) NOT NULL,
    previous_version INTEGER,
    changed_at INTEGER NOT NULL,
    previous TEXT
  );
  CREATE UNIQUE INDEX changes_next ON changes (previous_version) WHERE previous_version IS NOT NULL;
  INSERT INTO changes (version, kind, user_id, name, type, changed_at) VALUES (1, '', 0, '', 'FORGOTTEN', 0);

  CREATE TABLE device_tokens (
    id TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    name varchar(100) NOT NULL,
    device_id varchar(100),
    hash TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    revoked_at TEXT
  ) WITHOUT ROWID;
  CREATE INDEX device_tokens_by_user ON device_tokens (user_id, created_at);

  CREATE TABLE revoked_tokens (
    jti TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
] as const

/** The newest schema that this program knows. */
export const SCHEMA_VERSION = MIGRATIONS.length

/** Brings the database to the newest schema; does nothing when it is there already. */
export function migrate(database: Database, appliedAt: string): void {
  database.execute(
    'CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)',
  )
  const applied = database.prepare<{ readonly version: number | null }>(
    'SELECT max(version) AS version FROM schema_version',
  )
  const record = database.prepare('INSERT INTO schema_version (version, applied_at) VALUES (?, ?)')
  for (let version = (applied.first()?.version ?? 0) + 1; version <= SCHEMA_VERSION; version += 1) {
    database.transaction(() => {
      database.execute(MIGRATIONS[version - 1] ?? '')
      record.run(version, appliedAt)
    })
  }
}
