import type { DeviceRuntime } from '#crds/types/device.ts'

/** What is true of one runtime on one device. The first seven are read off the report; the rest are on the way. */
export type SyncState = DeviceRuntime['state']

/** The gates in the order they are asked; the first that fails is the reason nothing is sent. */
export const GATES = [
  'Enabled',
  'Stored',
  'Decryptable',
  'NotSuspended',
  'DeviceKnown',
  'Online',
  'Supported',
  'Reported',
  'NeedsFile',
  'NotInFlight',
  'NotBackingOff',
  'NotQuarantined',
] as const

export type GateName = (typeof GATES)[number]

export interface GateResult {
  readonly name: GateName
  readonly passed: boolean
  /** One sentence: what is so, with the value that decided it. Never a secret. */
  readonly message: string
}

/** Why a device is as it is: what `explain` shows everywhere, word for word. */
export interface Explanation {
  readonly deviceId: string
  readonly runtime: string
  readonly state: SyncState
  /** CamelCase constant: the name of the first gate that failed, or what is going on (`UpToDate`, `PathMismatch`, …). */
  readonly reason: string
  readonly message: string
  /** All twelve, in order. */
  readonly gates: readonly GateResult[]
  /** What the operator does next. */
  readonly nextAction: 'none' | 'write' | 'replace' | 'remove' | 'import'
  /** Epoch ms; `null`: not waiting for a time. */
  readonly nextAttemptAt: number | null
  /** One sentence a person can act on; `null` when there is nothing to do. */
  readonly unblock: string | null
  readonly targetPath: string
  readonly attempts: number
  readonly lastCommand: string | null
  readonly lastResult: string | null
  /** ISO 8601. */
  readonly lastSyncTime: string | null
  /** The refresh token in this device's file is in use on another active device too. */
  readonly isCredentialShared: boolean
}

/** One line of the answer to a requested sync. */
export interface SyncOutcome {
  readonly deviceId: string
  readonly success: boolean
  /** `written`, `skipped_existing`, `failed`, `offline`, `unsupported`, `timed_out`. */
  readonly status: string
  readonly error: string | null
}
