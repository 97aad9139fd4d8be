import { NO_HISTORY, type SyncDesired, type SyncHistory } from '#core/auth-sync-input.ts'
import type { Decision } from '#core/auth-sync.ts'

/** What the controller remembers of one runtime on one device. */
export interface SyncRecord {
  readonly history: SyncHistory
  /** What was decided last; `null`: nothing yet since the process started. */
  readonly decision: Pick<Decision, 'state' | 'reason' | 'message' | 'action'> | null
  /** Where the file is, as the device reported it. */
  readonly targetPath: string | null
  /** What the failures of `history` were about; `null`: there are none, or it is not known. */
  readonly basis: string | null
  /** Monotonic ms at which the change that is being carried out was noticed; `null`: nothing is under way. */
  readonly pendingSince: number | null
  /** See {@link Observation.inputs}. */
  readonly inputs: string | null
  readonly removalPolicy: SyncDesired['removalPolicy']
  /** Whether a CLI is running, or may be; only such a device can use up a refresh token. */
  readonly isActive: boolean
}

/** Nothing is remembered yet. */
export const NO_RECORD: SyncRecord = {
  history: NO_HISTORY,
  decision: null,
  targetPath: null,
  basis: null,
  pendingSince: null,
  inputs: null,
  removalPolicy: 'Retain',
  isActive: false,
}
