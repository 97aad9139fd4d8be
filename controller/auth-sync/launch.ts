import { backoffMs } from '#controller/backoff.ts'
import { type Course, run } from '#controller/run.ts'
import {
  type Failure,
  withAnswer,
  withFailure,
  withImport,
  withOffline,
  withSent,
  withStall,
} from '#core/auth-sync-history.ts'
import type { SentCommand, SyncHistory } from '#core/auth-sync-input.ts'
import type { SyncOutcome } from '#core/auth-sync-request.ts'
import { AppError, type ErrorCode, isAppError } from '#core/errors.ts'

import { applyAction, type Doing } from './apply.ts'
import type { AuthSyncDeps } from './deps.ts'
import { documentSourceOf } from './document-source.ts'
import { importDocument } from './import.ts'
import type { Observation } from './observe.ts'
import type { OutcomeListener } from './requests.ts'
import { toKeyText } from './sync-key.ts'

/** What to send, and who waits for it. */
export interface Launch {
  readonly seen: Observation
  readonly action: Doing
  readonly history: SyncHistory
  readonly listeners: readonly OutcomeListener[]
}

/** What was read is older than what is stored by now: the watch that tells us is on its way. */
const CATCH_UP_MS = 50

/** The device may be back before anything else is known. */
const OFFLINE_RETRY_MS = 5_000

/** Sends a command without waiting for it; its end queues the key again. */
export function launch(flight: Launch, deps: AuthSyncDeps): void {
  const { seen, action, listeners } = flight
  const keyText = toKeyText(seen.key)
  const carriesDocument = action.type === 'write' || action.type === 'replace'
  const sha256 = carriesDocument ? (seen.document?.sha256 ?? null) : null
  const foundFile = seen.report?.runtimes.get(seen.key.runtime)?.exists === true
  const sent = { action: action.type, sha256, foundFile }
  record(flight, deps, withSent(flight.history, sent))
  deps.flights.start(keyText, { sha256, listeners }, () =>
    run(() => fly(flight, sent, deps), courseOf(flight, deps)),
  )
}

async function fly(flight: Launch, sent: SentCommand, deps: AuthSyncDeps): Promise<void> {
  const { seen, action } = flight
  await requireCurrent(flight, deps)
  deps.budget.take(seen.key)
  const result = await applyAction(deps.channel, seen, action)
  if (action.type === 'import') {
    await importDocument(seen, result, deps)
    return land(flight, deps, {
      status: 'imported',
      change: (history) => withImport(history, deps.clock.now()),
    })
  }
  // An agent's proof comes with its answer: by now it may have been counted.
  const heartbeatCount = result.heartbeatCount ?? deps.reports.get(seen.key)?.heartbeatCount ?? 0
  const answer = { status: result.status, at: deps.clock.now(), heartbeatCount }
  land(flight, deps, { status: result.status, change: (history) => withAnswer(history, sent, answer) })
}

/** A cache may be a moment behind; what a device gets must be what is stored when it is sent. */
async function requireCurrent({ seen, action }: Launch, deps: AuthSyncDeps): Promise<void> {
  if (action.type === 'remove') return
  const { namespace, runtime } = seen.key
  const stored = await deps.fresh.find({ namespace, name: runtime })
  const isSame = documentSourceOf(stored) === documentSourceOf(seen.config)
  if (isSame && (await isSecretCurrent(seen, deps))) return
  throw new AppError('CONFLICT', `the auth document of ${runtime} changed before it could be delivered`)
}

/** A Secret changes without a change of the resource that names it. */
async function isSecretCurrent(seen: Observation, { documents }: AuthSyncDeps): Promise<boolean> {
  const { user, runtime, config, document } = seen
  if (config?.spec.auth?.secretRef === undefined) return true
  const opening = await documents.refresh({ user, runtime, config })
  return opening.document?.sha256 === document?.sha256
}

interface Landing {
  readonly status: string
  readonly error?: string
  readonly change: (history: SyncHistory) => SyncHistory
}

function courseOf(flight: Launch, deps: AuthSyncDeps): Course {
  return {
    done: () => undefined,
    again: () => retake(flight, deps),
    later: (error) => land(flight, deps, landingOf(error, deps)),
    stall: (error) => {
      const status = error.code === 'DEVICE_UNSUPPORTED' ? 'unsupported' : 'failed'
      const stall = { reason: STALLS[error.code] ?? 'CommandRefused', message: error.message }
      land(flight, deps, {
        status,
        error: error.message,
        change: (history) => withStall(history, status, stall),
      })
    },
  }
}

const STALLS: Readonly<Partial<Record<ErrorCode, string>>> = {
  DEVICE_UNSUPPORTED: 'CommandUnsupported',
  DEVICE_DOCUMENT_NEWER: 'OlderDocument',
  AUTH_TOO_LARGE: 'DeviceDocumentUnusable',
  AUTH_NOT_JSON: 'DeviceDocumentUnusable',
  AUTH_NOT_OBJECT: 'DeviceDocumentUnusable',
  AUTH_SCHEMA: 'DeviceDocumentUnusable',
}

/** Nothing was sent, or what came back is out of date: whoever waits goes on waiting. */
function retake(flight: Launch, deps: AuthSyncDeps): void {
  const keyText = toKeyText(flight.seen.key)
  record(flight, deps, { ...deps.records.get(flight.seen.key).history, progress: { phase: 'idle' } })
  deps.requests.add(keyText, deps.flights.land(keyText, null))
  deps.queue.addAfter(keyText, CATCH_UP_MS, 'device')
}

function landingOf(error: unknown, deps: AuthSyncDeps): Landing {
  const now = deps.clock.now()
  if (isAppError(error, 'DEVICE_TIMEOUT')) return failed('timed_out', error.message, deps)
  if (isAppError(error, 'DEVICE_FAILED')) return failed('failed', error.message, deps)
  if (!(error instanceof AppError)) {
    deps.logger.error({ err: error }, 'command ended in an unexpected error')
    return failed('failed', 'an unexpected error of the server; its log says more', deps)
  }
  const status = error.code === 'DEVICE_OFFLINE' ? 'offline' : 'failed'
  const failure: Failure = { result: status, message: error.message, retryAt: now + OFFLINE_RETRY_MS }
  return { status, error: error.message, change: (history) => withOffline(history, failure) }
}

function failed(result: string, message: string, deps: AuthSyncDeps): Landing {
  const change = (history: SyncHistory) => {
    const retryAt = deps.clock.now() + backoffMs(history.attempts + 1, deps.random())
    return withFailure(history, { result, message, retryAt })
  }
  return { status: result, error: message, change }
}

const SUCCESSES: ReadonlySet<string> = new Set([
  'written',
  'skipped_existing',
  'removed',
  'absent',
  'imported',
])

function land(flight: Launch, deps: AuthSyncDeps, landing: Landing): void {
  const { key } = flight.seen
  const keyText = toKeyText(key)
  const { status, error = null } = landing
  record(flight, deps, landing.change(deps.records.get(key).history))
  deps.onChanged(key)
  deps.metrics.countSync(key.runtime, status)
  deps.logger.info(
    { device: key.deviceId, namespace: key.namespace, runtime: key.runtime, result: status, error },
    'device command ended',
  )
  const outcome: SyncOutcome = { deviceId: key.deviceId, success: SUCCESSES.has(status), status, error }
  deps.flights.land(keyText, outcome)
  deps.queue.add(keyText, 'device')
}

function record({ seen }: Launch, deps: AuthSyncDeps, history: SyncHistory): void {
  deps.records.put(seen.key, { ...deps.records.get(seen.key), history })
}
