import type { GateName } from './auth-sync-gates.ts'
import type { SyncAction } from './auth-sync-input.ts'
import type { Decision } from './auth-sync.ts'

/** One line of the answer to a requested sync. */
export interface SyncOutcome {
  readonly deviceId: string
  readonly success: boolean
  /** `written`, `skipped_existing`, `failed`, `offline`, `unsupported`, `timed_out`. */
  readonly status: string
  readonly error: string | null
}

const NONE: SyncAction = { type: 'none' }

/** Gates that the device itself can judge better than its last report. */
const LEFT_TO_DEVICE: ReadonlySet<GateName> = new Set(['Reported', 'NeedsFile'])

/**
 * Decides what a sync that a person asked for sends, given the decision without waiting times.
 *
 * Where only the last report speaks against it, the document is offered all the same: a device never touches a file that
 * exists, and says so.
 */
export function planRequested(decision: Decision): SyncAction {
  if (decision.action.type !== 'none') return decision.action
  const isOffered = decision.gates.every((gate) => gate.passed || LEFT_TO_DEVICE.has(gate.name))
  return isOffered ? { type: 'write' } : NONE
}

/** Says, as the answer to a requested sync, why nothing was sent. */
export function outcomeOf(deviceId: string, decision: Decision): SyncOutcome {
  const failed = decision.gates.find((gate) => !gate.passed)
  if (failed?.name === 'DeviceKnown' || failed?.name === 'Online') {
    return { deviceId, success: false, status: 'offline', error: `Device '${deviceId}' is offline` }
  }
  const status = failed?.name === 'Supported' ? 'unsupported' : 'failed'
  return { deviceId, success: false, status, error: failed?.message ?? decision.message }
}
