import { findFile } from './auth-sync-finding.ts'
import type { Finding } from './auth-sync-finding.ts'
import { QUARANTINE_AFTER } from './auth-sync-input.ts'
import type {
  DesiredDocument,
  SentCommand,
  Stall,
  SyncDesired,
  SyncHistory,
  SyncObserved,
} from './auth-sync-input.ts'
import type { CommandKey, CommandStatus } from './device-command.ts'
import type { RuntimeFileReport } from './device-report.ts'

const IDLE = { phase: 'idle' } as const

/** Which device command carries out which action. */
const COMMAND_OF = {
  write: 'sync_runtime_auth_file',
  replace: 'sync_runtime_auth_file',
  remove: 'remove_runtime_auth_file',
  import: 'read_runtime_auth_file',
} as const satisfies Record<SentCommand['action'], CommandKey>

/** A command goes out. */
export function withSent(history: SyncHistory, sent: SentCommand): SyncHistory {
  return { ...history, lastCommand: COMMAND_OF[sent.action], progress: { phase: 'sending', sent } }
}

/** How a device answered. */
export interface Answer {
  readonly status: CommandStatus
  /** Epoch ms. */
  readonly at: number
  /** `DeviceReport.heartbeatCount` at that moment. */
  readonly heartbeatCount: number
}

/** The device carried the command out; a later heartbeat has to prove it. */
export function withAnswer(history: SyncHistory, sent: SentCommand, answer: Answer): SyncHistory {
  return {
    ...history,
    lastResult: answer.status,
    lastError: null,
    lastSyncAt: answer.at,
    knownSha256: answer.status === 'written' ? sent.sha256 : history.knownSha256,
    progress: { phase: 'verifying', sent, afterHeartbeat: answer.heartbeatCount },
  }
}

/** The device's document is stored now; there is nothing on the device to prove. */
export function withImport(history: SyncHistory, at: number): SyncHistory {
  return { ...withSuccess(history), lastResult: 'imported', lastError: null, lastSyncAt: at }
}

/** Why an attempt came to nothing. */
export interface Failure {
  /** As in {@link SyncHistory.lastResult}. */
  readonly result: string
  readonly message: string
  /** Epoch ms of the next attempt, should there be one. */
  readonly retryAt: number
}

/** Counts a failure; the eighth in a row is the last until something changes. */
export function withFailure(history: SyncHistory, failure: Failure): SyncHistory {
  const attempts = history.attempts + 1
  return {
    ...history,
    lastResult: failure.result,
    lastError: failure.message,
    attempts,
    nextAttemptAt: attempts < QUARANTINE_AFTER ? failure.retryAt : null,
    progress: IDLE,
  }
}

/** The device went away before it could answer. That is no fault of the command: its return is what counts, not the clock. */
export function withOffline(history: SyncHistory, failure: Failure): SyncHistory {
  const { result, message, retryAt } = failure
  return { ...history, lastResult: result, lastError: message, nextAttemptAt: retryAt, progress: IDLE }
}

/** Trying again is pointless until something changes. */
export function withStall(history: SyncHistory, result: string, stall: Stall): SyncHistory {
  return {
    ...history,
    lastResult: result,
    lastError: stall.message,
    nextAttemptAt: null,
    progress: IDLE,
    stall,
  }
}

/** What is wanted, or the device, changed: the failures so far say nothing about the next attempt. */
export function withFreshStart(history: SyncHistory): SyncHistory {
  return hasFailed(history) ? { ...history, attempts: 0, nextAttemptAt: null, stall: null } : history
}

/** What a report proves about the command before it. */
export interface Proof {
  readonly desired: SyncDesired
  readonly observed: SyncObserved
  /** Epoch ms of the next attempt, should the command have had no effect. */
  readonly retryAt: number
}

/**
 * Brings the history up to date with the last report: which document is known to be there, and whether the command before
 * it had its effect. Gives the very same object when the report says nothing new.
 */
export function withReport(history: SyncHistory, proof: Proof): SyncHistory {
  const { desired, observed } = proof
  const finding = findFile(desired, { ...observed, history })
  const { progress } = history
  if (progress.phase === 'verifying' && !isProven(progress.sent, finding)) {
    if (isOlderThanCommand(history, observed)) return history
    const verification = { ...proof, finding, sent: progress.sent }
    return withKnown(
      hadNoEffect(verification) ? withoutEffect(history, verification) : withSuccess(history),
      proof,
    )
  }
  // A failure may be told of after what it failed at was found done: a time-out on the way back, say.
  const isDone = progress.phase === 'verifying' || (progress.phase === 'idle' && isAtRest(finding))
  return withKnown(isDone ? withSuccess(history) : history, proof)
}

interface Verification extends Proof {
  readonly finding: Finding
  readonly sent: SentCommand
}

/** The report was there before the command that changed what it is about. */
function isOlderThanCommand({ progress }: SyncHistory, { report }: SyncObserved): boolean {
  return progress.phase === 'verifying' && (report?.heartbeatCount ?? 0) <= progress.afterHeartbeat
}

/** Nothing is to be done, and that is known rather than for want of a report. */
function isAtRest({ intent, state }: Finding): boolean {
  return intent.type === 'none' && state !== 'Unknown'
}

/** Good news may be read off any report: it cannot be older than the command that made it true. */
function isProven(sent: SentCommand, finding: Finding): boolean {
  return sent.action === 'remove' ? finding.reason === 'Removed' : finding.state === 'InSync'
}

/** The same thing is due again as if nothing had been sent. What was sent for an earlier wish does not count. */
function hadNoEffect({ sent, finding, desired }: Verification): boolean {
  if (sent.sha256 !== null && sent.sha256 !== desired.document?.sha256) return false
  if (sent.action === 'write') return finding.state === 'Missing' && sent.foundFile !== true
  return finding.intent.type === sent.action
}

function withoutEffect(history: SyncHistory, { sent, retryAt }: Verification): SyncHistory {
  if (sent.action === 'write' && history.lastResult === 'skipped_existing') {
    const message =
      'The device answered that the file exists and reports that it does not: it looks at two different files.'
    return withStall(history, 'skipped_existing', { reason: 'PathMismatch', message })
  }
  const message = `The device answered "${history.lastResult}", but its next heartbeat shows no effect.`
  return withFailure(history, { result: 'failed', message, retryAt })
}

/** Nothing failed any more, and nothing is on its way. Gives the very same object when that was so before. */
function withSuccess(history: SyncHistory): SyncHistory {
  const isSoAlready = history.progress.phase === 'idle' && !hasFailed(history)
  return isSoAlready ? history : { ...withFreshStart(history), progress: IDLE }
}

function hasFailed({ attempts, nextAttemptAt, stall }: SyncHistory): boolean {
  return attempts > 0 || nextAttemptAt !== null || stall !== null
}

function withKnown(history: SyncHistory, { desired, observed }: Proof): SyncHistory {
  const file = observed.report?.runtimes.get(desired.runtime)
  const knownSha256 = knownDocument(history.knownSha256, desired, file)
  return knownSha256 === history.knownSha256 ? history : { ...history, knownSha256 }
}

function knownDocument(known: string | null, desired: SyncDesired, file?: RuntimeFileReport): string | null {
  if (file === undefined || file.exists === null) return known
  if (!file.exists) return null
  return file.digest === null ? known : knownByDigest(known, desired.document, file)
}

function knownByDigest(
  known: string | null,
  wanted: DesiredDocument | null,
  file: RuntimeFileReport,
): string | null {
  const opened = wanted?.opened
  if (opened?.digest === file.digest) return wanted?.sha256 ?? null
  // What our agent wrote last is what was recorded then; of anything else on the device nothing is known.
  if (file.digest !== file.lastWrittenDigest) return null
  const isContradicted = opened != null && known === wanted?.sha256
  return isContradicted ? null : known
}
