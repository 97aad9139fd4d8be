import { type Finding, findFile, type SyncState } from './auth-sync-finding.ts'
import { checkGates, type GateName, type GateResult } from './auth-sync-gates.ts'
import type { SyncAction, SyncDesired, SyncHistory, SyncObserved } from './auth-sync-input.ts'
import { unblockOf } from './auth-sync-unblock.ts'

/** What is so, why, and what to do now. */
export interface Decision {
  readonly state: SyncState
  /** CamelCase: the first gate that failed, or the finer word for it (`UpToDate`, `OtherAccount`, `PathMismatch`, …). */
  readonly reason: string
  readonly message: string
  /** All twelve, in order. */
  readonly gates: readonly GateResult[]
  /** What to send now; anything but `none` only when every gate is passed. */
  readonly action: SyncAction
  /** What will be sent once waiting is over; `none` when a person has to change something first. */
  readonly nextAction: SyncAction['type']
  /** Epoch ms; `null`: not waiting for a time. */
  readonly nextAttemptAt: number | null
  /** What a person can do; `null` when there is nothing to do. */
  readonly unblock: string | null
}

/** Gates that open by themselves. */
const PASSING_WAITS: ReadonlySet<GateName> = new Set(['Online', 'NotInFlight', 'NotBackingOff'])

/**
 * Decides what to do about one runtime on one device.
 *
 * Total: every combination of inputs gives a decision. A file that exists is replaced or removed only when it is exactly
 * what our agent delivered, and never by a document that was refreshed earlier than the one on the device.
 *
 * @param now epoch ms
 */
export function decideAuthSync(desired: SyncDesired, observed: SyncObserved, now: number): Decision {
  const finding = findFile(desired, observed)
  const gates = checkGates({ desired, observed, finding, now })
  const failed = gates.filter((gate) => !gate.passed)
  const first = failed[0]
  const { reason, message } = explain({ finding, desired, history: observed.history }, first)
  const isOnlyWaiting = failed.every((gate) => PASSING_WAITS.has(gate.name))
  return {
    state: stateOf(finding, observed.history, first?.name),
    reason,
    message,
    gates,
    action: first === undefined ? finding.intent : { type: 'none' },
    nextAction: isOnlyWaiting ? finding.intent.type : 'none',
    nextAttemptAt: first?.name === 'NotBackingOff' ? observed.history.nextAttemptAt : null,
    unblock: first === undefined ? null : unblockOf({ reason, desired }),
  }
}

/** While something stands in the way of even trying, what the report says is the state; after that, what we are doing. */
function stateOf(finding: Finding, history: SyncHistory, failed: GateName | undefined): SyncState {
  if (failed === 'NotInFlight') return history.progress.phase === 'sending' ? 'Syncing' : 'Verifying'
  return failed === 'NotQuarantined' ? 'Stalled' : finding.state
}

interface Explained {
  readonly finding: Finding
  readonly desired: SyncDesired
  readonly history: SyncHistory
}

function explain({ finding, desired, history }: Explained, failed: GateResult | undefined): Reason {
  if (failed === undefined || failed.name === 'NeedsFile' || finding.reason === 'Removed') return finding
  const { message } = failed
  if (failed.name === 'NotQuarantined') return { reason: history.stall?.reason ?? failed.name, message }
  const isUnusable = failed.name === 'Stored' || failed.name === 'Decryptable'
  return { reason: (isUnusable && secretFaultOf(desired)) || failed.name, message }
}

/** What is wrong with a Secret has a finer word than its gate; a sealed value that does not open has not. */
function secretFaultOf({ document }: SyncDesired): string | undefined {
  const reason = document?.fault?.reason
  return reason === 'DecryptFailed' ? undefined : reason
}

type Reason = Pick<Decision, 'reason' | 'message'>
