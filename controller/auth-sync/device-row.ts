import { NO_HISTORY, QUARANTINE_AFTER, type SyncHistory, type SyncProgress } from '#core/auth-sync-input.ts'
import type { DeviceRuntime } from '#crds/types/device.ts'

import type { SyncRecord } from './sync-record.ts'

const MAX_MESSAGE = 1024
const MAX_PATH = 4096

/** Writes what is remembered of one runtime as a row of `Device.status`. `null` when there is nothing worth a row. */
export function toDeviceRow(runtime: string, record: SyncRecord): DeviceRuntime | null {
  const { history, decision } = record
  if (decision === null || (decision.state === 'NotManaged' && history.lastCommand === null)) return null
  const now = history.progress.phase === 'sending' ? SYNCING : decision
  return {
    name: runtime,
    state: now.state,
    reason: now.reason,
    message: now.message.slice(0, MAX_MESSAGE).toWellFormed(),
    attempts: history.attempts,
    ...present('targetPath', record.targetPath?.slice(0, MAX_PATH).toWellFormed() ?? null),
    ...present('digest', history.knownSha256),
    ...present('lastCommand', history.lastCommand),
    ...present('lastResult', history.lastResult),
    ...present('lastSyncTime', toTime(history.lastSyncAt)),
    ...present('nextAttemptTime', toTime(history.nextAttemptAt)),
    ...present('attemptsFor', history.attempts > 0 || history.stall !== null ? record.basis : null),
  }
}

const SYNCING = {
  state: 'Syncing',
  reason: 'NotInFlight',
  message: 'A command is on its way to the device.',
} as const

/** An optional field: there, or not at all. */
function present<K extends keyof DeviceRuntime>(name: K, value: string | null): Partial<Record<K, string>> {
  return value === null ? {} : ({ [name]: value } as Partial<Record<K, string>>)
}

/** What a row tells a process that did not write it. */
type WrittenRecord = Pick<SyncRecord, 'history' | 'basis' | 'targetPath'>

/** Reads a record back from a row, after a restart. */
export function readRow(row: DeviceRuntime): WrittenRecord {
  return { history: readHistory(row), basis: row.attemptsFor ?? null, targetPath: row.targetPath ?? null }
}

/** Reads the history back from a row. Whatever somebody else wrote into it gives a usable history. */
function readHistory(row: DeviceRuntime): SyncHistory {
  return {
    ...NO_HISTORY,
    lastCommand: row.lastCommand ?? null,
    lastResult: row.lastResult ?? null,
    lastSyncAt: toEpoch(row.lastSyncTime),
    attempts: row.attempts ?? 0,
    nextAttemptAt: toEpoch(row.nextAttemptTime),
    knownSha256: row.digest ?? null,
    progress: readProgress(row),
    stall: readStall(row),
  }
}

/** Any heartbeat of the new process is later than a command of the old one. */
function readProgress(row: DeviceRuntime): SyncProgress {
  if (row.state !== 'Verifying') return { phase: 'idle' }
  const action = row.lastCommand === 'remove_runtime_auth_file' ? 'remove' : 'write'
  return { phase: 'verifying', sent: { action, sha256: null }, afterHeartbeat: 0 }
}

function readStall(row: DeviceRuntime): SyncHistory['stall'] {
  if (row.state !== 'Stalled' || (row.attempts ?? 0) >= QUARANTINE_AFTER) return null
  return {
    reason: row.reason ?? 'Stalled',
    message: row.message ?? 'The operator stopped trying before it was restarted.',
  }
}

function toEpoch(time: string | undefined): number | null {
  const epochMs = time === undefined ? Number.NaN : Date.parse(time)
  return Number.isNaN(epochMs) ? null : epochMs
}

function toTime(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString()
}
