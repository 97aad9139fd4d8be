import type { Decision } from './auth-sync.ts'

/** Why a device is as it is: what `explain` shows everywhere, word for word. */
export interface Explanation extends Omit<Decision, 'action'> {
  readonly deviceId: string
  readonly runtime: string
  readonly targetPath: string
  readonly attempts: number
  readonly lastCommand: string | null
  readonly lastResult: string | null
  /** ISO 8601. */
  readonly lastSyncTime: string | null
  /** The refresh token in this device's file is in use on another active device too. */
  readonly isCredentialShared: boolean
}
