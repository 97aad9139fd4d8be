import * as z from 'zod/mini'

import type { WireConfigLayer } from './config-report.ts'
import { isPrintable, isRecord, isTime, orNull } from './liberal.ts'

// Longer than any real path of an auth file; keeps what one device makes the server hold small.
const MAX_PATH = 1024
const MAX_ERROR = 300

/** What a device said about one runtime's auth file, with everything unusable turned into `null`. */
export interface FileReport {
  /** As reported: absolute, or the `~/` form. */
  readonly targetPath: string | null
  /** `null`: the device said nothing usable. Only the booleans count. */
  readonly exists: boolean | null
  /** Lower-case hex HMAC-SHA-256 of the file's normal form under the device's key; `null`: not reported or not a JSON object. */
  readonly digest: string | null
  /** The same of what our agent wrote last; `null`: it wrote nothing yet, or does not say. */
  readonly lastWrittenDigest: string | null
  /** HMAC of the account id inside the file. */
  readonly account: string | null
  /** The CLI's own refresh time inside the file, ISO 8601. */
  readonly lastRefresh: string | null
  /** Epoch ms. */
  readonly modifiedAt: number | null
  readonly mode: number | null
  readonly size: number | null
  /** Running processes of the CLI. */
  readonly sessions: number | null
  /** Why the device could not look, in its own words (`target path must stay inside the user home directory`, …). */
  readonly error: string | null
}

const hmac = orNull(z.string().check(z.regex(/^[0-9a-f]{64}$/)))
const count = orNull(z.int().check(z.minimum(0)))
const time = orNull(z.string().check(z.refine(isTime)))

const fileReport = z.object({
  target_path: orNull(z.string().check(z.maxLength(MAX_PATH), z.refine(isPrintable))),
  exists: orNull(z.boolean()),
  digest: hmac,
  last_written_digest: hmac,
  account: hmac,
  last_refresh: time,
  modified_at: orNull(z.number().check(z.minimum(0))),
  mode: count,
  size: count,
  sessions: count,
  error: orNull(z.string()),
})

/** One runtime's entry of `runtime_auth_files`, as it travels. */
export type WireFileReport = Partial<z.output<typeof fileReport>>

/** What our agent sends as `device:heartbeat`. */
export interface HeartbeatPayload {
  readonly device_id: string
  readonly running_task_ids: readonly (string | number)[]
  readonly executor_version?: string
  readonly runtime_auth_files: Readonly<Record<string, WireFileReport>>
  /** Versions only, highest first; only of runtimes whose config file is known. */
  readonly runtime_config_layers?: Readonly<Record<string, readonly WireConfigLayer[]>>
}

/**
 * Reads one entry of `runtime_auth_files`.
 *
 * @returns `null` when it is not an object: the device said nothing about this runtime
 */
export function parseFileReport(raw: unknown): FileReport | null {
  const parsed = fileReport.safeParse(raw)
  if (!parsed.success) return null
  const { data } = parsed
  return {
    targetPath: data.target_path,
    exists: data.exists,
    digest: data.digest,
    lastWrittenDigest: data.last_written_digest,
    account: data.account,
    lastRefresh: data.last_refresh,
    modifiedAt: data.modified_at,
    mode: data.mode,
    size: data.size,
    sessions: data.sessions,
    error: data.error === null ? null : shorten(data.error),
  }
}

/**
 * Tells whether an entry of `runtime_auth_files` says exactly what is known already.
 *
 * This runs for every runtime of every heartbeat, so it compares the raw values and builds nothing. A `false` may be wrong
 * (an unusable value that was turned into `null` before): parse then, and compare with {@link isSameFileReport}.
 */
export function saysTheSame(raw: unknown, known: FileReport): boolean {
  if (!isRecord(raw)) return false
  return (
    raw['exists'] === known.exists &&
    raw['target_path'] === known.targetPath &&
    DETAILS.every(([wire, field]) => (raw[wire] ?? null) === known[field])
  )
}

/** Compares two reports by value. */
export function isSameFileReport(a: FileReport, b: FileReport): boolean {
  return (
    a.exists === b.exists &&
    a.targetPath === b.targetPath &&
    DETAILS.every(([, field]) => a[field] === b[field])
  )
}

const DETAILS = [
  ['digest', 'digest'],
  ['last_written_digest', 'lastWrittenDigest'],
  ['account', 'account'],
  ['last_refresh', 'lastRefresh'],
  ['modified_at', 'modifiedAt'],
  ['mode', 'mode'],
  ['size', 'size'],
  ['sessions', 'sessions'],
  ['error', 'error'],
] as const

function shorten(text: string): string {
  return text
    .slice(0, MAX_ERROR)
    .toWellFormed()
    .replaceAll(/\p{Cc}+/gu, ' ')
}
