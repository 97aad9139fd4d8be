import { backoffMs } from '#controller/backoff.ts'
import { withFreshStart, withReport } from '#core/auth-sync-history.ts'
import type { SyncHistory, SyncObserved } from '#core/auth-sync-input.ts'
import { outcomeOf, planRequested } from '#core/auth-sync-request.ts'
import { type Decision, decideAuthSync } from '#core/auth-sync.ts'
import type { RuntimeFileReport } from '#core/device-report.ts'

import type { AuthSyncDeps } from './deps.ts'
import { launch } from './launch.ts'
import { type Observation, observe } from './observe.ts'
import { fromKeyText, type SyncKey } from './sync-key.ts'
import type { SyncRecord } from './sync-record.ts'

/**
 * Brings one runtime on one device closer to what is wanted: reads, decides, sends at most one command, and remembers.
 * Safe to call at any time, any number of times.
 */
export async function reconcile(keyText: string, waitedMs: number, deps: AuthSyncDeps): Promise<void> {
  const key = fromKeyText(keyText)
  const { removalPolicy } = deps.records.get(key)
  const seen = await observe(key, deps, { removalPolicy })
  if (seen === null) return forget(keyText, deps)
  // Nothing waits from here on: what is decided is about what was just read.
  const record = update(seen, waitedMs, deps)
  if (deps.requests.has(keyText)) return serveRequest(keyText, seen, deps)
  act(keyText, { seen, ...record }, deps)
}

/** Brings the record up to date with what was read. */
function update(
  seen: Observation,
  waitedMs: number,
  deps: AuthSyncDeps,
): { history: SyncHistory; decision: Decision } {
  const before = deps.records.get(seen.key)
  const file = seen.report?.runtimes.get(seen.key.runtime)
  const started = isNewBasis(before, seen, file) ? withFreshStart(before.history) : before.history
  const now = deps.clock.now()
  const retryAt = now + backoffMs(started.attempts + 1, deps.random())
  const history = withReport(started, { desired: seen.desired, observed: toObserved(seen, started), retryAt })
  const decision = decideAuthSync(seen.desired, toObserved(seen, history), now)
  // Not the gates: a sentence for each would be most of what a device costs.
  const { state, reason, message, action } = decision
  const pendingSince = followPending(before, { decision, history, waitedMs, seen }, deps)
  const record: SyncRecord = {
    history,
    decision: { state, reason, message, action },
    targetPath: file?.targetPath ?? before.targetPath,
    basis: file === undefined ? before.basis : seen.basis,
    pendingSince,
    inputs: seen.inputs,
    removalPolicy: seen.desired.removalPolicy,
    isActive: file?.sessions == null || file.sessions > 0,
  }
  keep(seen.key, record, deps)
  return { history, decision }
}

/** Failures are about what was wanted, and the device as it was, when they happened. Silence is no change. */
function isNewBasis(before: SyncRecord, seen: Observation, file: RuntimeFileReport | undefined): boolean {
  return file !== undefined && before.basis !== null && before.basis !== seen.basis
}

function toObserved({ report, object }: Observation, history: SyncHistory): SyncObserved {
  return { report, isDeviceKnown: report !== null || object !== undefined, history }
}

interface Progress {
  readonly decision: Decision
  readonly history: SyncHistory
  readonly waitedMs: number
  readonly seen: Observation
}

/** Measures from the change that made something due to the heartbeat that proved it done. */
function followPending(before: SyncRecord, progress: Progress, deps: AuthSyncDeps): number | null {
  const { decision, history, waitedMs, seen } = progress
  const now = deps.clock.monotonic()
  const wasVerifying = before.history.progress.phase === 'verifying' && history.progress.phase === 'idle'
  if (wasVerifying && history.attempts === 0 && history.stall === null && before.pendingSince !== null) {
    deps.metrics.observeSync(seen.key.runtime, now - before.pendingSince)
    return null
  }
  if (decision.action.type !== 'none') return before.pendingSince ?? now - waitedMs
  return history.progress.phase === 'idle' && decision.nextAction === 'none' ? null : before.pendingSince
}

function keep(key: SyncKey, record: SyncRecord, deps: AuthSyncDeps): void {
  // Most devices of most users have nothing to do with most runtimes: that must not cost memory.
  if (record.decision?.state === 'NotManaged' && record.history.lastCommand === null) {
    if (deps.records.drop(key, key.runtime)) deps.onChanged(key)
    return
  }
  const before = deps.records.get(key)
  deps.records.put(key, record)
  if (isNews(before, record)) deps.onChanged(key)
}

function isNews(before: SyncRecord, record: SyncRecord): boolean {
  return (
    before.decision?.state !== record.decision?.state ||
    before.decision?.message !== record.decision?.message ||
    before.history !== record.history ||
    before.targetPath !== record.targetPath ||
    before.isActive !== record.isActive
  )
}

function act(
  keyText: string,
  due: { seen: Observation; history: SyncHistory; decision: Decision },
  deps: AuthSyncDeps,
): void {
  const { seen, history, decision } = due
  if (decision.action.type !== 'none') {
    const waitMs = deps.budget.waitMs(seen.key)
    if (waitMs > 0) return deps.queue.addAfter(keyText, waitMs, 'device')
    return launch({ seen, action: decision.action, history, listeners: [] }, deps)
  }
  if (decision.nextAttemptAt !== null) {
    deps.queue.addAfter(keyText, decision.nextAttemptAt - deps.clock.now(), 'device')
  }
  if (history.progress.phase === 'verifying') deps.reports.awaitHeartbeat(seen.key, seen.key.runtime)
}

/** A person asked for it: waiting times and quarantine do not count, everything else does. */
function serveRequest(keyText: string, seen: Observation, deps: AuthSyncDeps): void {
  const { history } = deps.records.get(seen.key)
  if (history.progress.phase === 'sending') {
    const listeners = deps.requests.take(keyText)
    const isJoined = deps.flights.join(keyText, seen.desired.document?.sha256 ?? null, listeners)
    // Something else is on its way: its end queues the key again, and then it is the request's turn.
    return isJoined ? undefined : deps.requests.add(keyText, listeners)
  }
  const fresh: SyncHistory = { ...withFreshStart(history), progress: { phase: 'idle' } }
  const decision = decideAuthSync(seen.desired, toObserved(seen, fresh), deps.clock.now())
  const action = planRequested(decision)
  const listeners = deps.requests.take(keyText)
  if (action.type !== 'none') return launch({ seen, action, history: fresh, listeners }, deps)
  for (const listener of listeners) listener(outcomeOf(seen.key.deviceId, decision))
}

function forget(keyText: string, deps: AuthSyncDeps): void {
  const key = fromKeyText(keyText)
  deps.records.drop(key, key.runtime)
  deps.onChanged(key)
  const error = `Unsupported runtime: ${key.runtime}`
  for (const listener of deps.requests.take(keyText)) {
    listener({ deviceId: key.deviceId, success: false, status: 'failed', error })
  }
}
