import type { RuntimeTarget } from './device-command.ts'
import type { DeviceReport } from './device-report.ts'
import type { DocumentFault, DocumentSecret } from './document-fault.ts'

/** What the stored auth document is, as far as it can be compared with what one device reports. */
export interface DesiredDocument {
  /** Lower-case hex SHA-256 of the normal form. */
  readonly sha256: string
  /** Epoch ms of its upload or import, or of its Secret's last change; `null`: the resource does not say. */
  readonly updatedAt: number | null
  /** `null`: it cannot be used, or nobody looked. */
  readonly opened: OpenedDocument | null
  /** Why it cannot be used; absent: it can, or nobody looked. */
  readonly fault?: DocumentFault
  /** Where it is if not in the resource itself. The operator only reads there. */
  readonly secret?: DocumentSecret
}

/** Facts read off the opened document, comparable with a {@link DeviceReport} of the one device they are for. */
export interface OpenedDocument {
  /** HMAC of the normal form under the device's key. */
  readonly digest: string
  /** HMAC of the account id under the device's key; `null`: the document, or its runtime, names none. */
  readonly account: string | null
  /** The CLI's own refresh time; `null`: the document, or its runtime, has none. */
  readonly lastRefresh: string | null
}

/** What should be true of one runtime on one device. */
export interface SyncDesired {
  readonly runtime: string
  readonly target: RuntimeTarget
  /** The user's `use_user_config`. */
  readonly isEnabled: boolean
  /** `null`: none is stored. */
  readonly document: DesiredDocument | null
  readonly updatePolicy: 'IfMissing' | 'IfStale'
  readonly removalPolicy: 'Retain' | 'RemoveManaged'
  /** `user`: deactivated; nothing is done to their devices any more. */
  readonly suspendedBy: 'resource' | 'device' | 'user' | null
  /** Whether the runtime says where the account id is; without it two logins cannot be told apart by account. */
  readonly hasAccountField: boolean
}

/** What is known of one runtime on one device. */
export interface SyncObserved {
  /** `null`: nothing was heard of the device since the process started. */
  readonly report: DeviceReport | null
  /** A `Device` object exists, or a report does. */
  readonly isDeviceKnown: boolean
  readonly history: SyncHistory
}

/** What was done so far, and how it went. All but `progress` and `lastError` survives a restart in `Device.status`. */
export interface SyncHistory {
  readonly lastCommand: string | null
  /** `written`, `skipped_existing`, `removed`, `absent`, `imported`, `failed`, `timed_out`, `offline`, `unsupported`. */
  readonly lastResult: string | null
  /** The device's, or our, own words on the last failure; `null` after a success. */
  readonly lastError: string | null
  /** Epoch ms of the last command that the device carried out. */
  readonly lastSyncAt: number | null
  /** Failures in a row. */
  readonly attempts: number
  /** Epoch ms; `null`: not backing off. */
  readonly nextAttemptAt: number | null
  /** SHA-256 of the document known to be on the device; `null`: not known. */
  readonly knownSha256: string | null
  readonly progress: SyncProgress
  /** Set when trying again is pointless until something changes. */
  readonly stall: Stall | null
}

/** Where the current command is: on its way, or carried out and waiting for a heartbeat to prove it. */
export type SyncProgress =
  | { readonly phase: 'idle' }
  | { readonly phase: 'sending'; readonly sent: SentCommand }
  | {
      readonly phase: 'verifying'
      readonly sent: SentCommand
      /** Only a heartbeat after this many can say that the command had no effect. */
      readonly afterHeartbeat: number
    }

/** A command as it was sent. */
export interface SentCommand {
  readonly action: Exclude<ActionType, 'none'>
  /** The document it carried; `null`: it carried none. */
  readonly sha256: string | null
  /** The last report before it showed a file: somebody asked for the sync. Should the file be gone later, it was lost since. */
  readonly foundFile?: boolean
}

/** Why the operator stopped trying: a CamelCase constant and a sentence. */
export interface Stall {
  readonly reason: string
  readonly message: string
}

/** What to do to a device. Each is one device command. */
export type SyncAction =
  | { readonly type: 'none' }
  /** Deliver where there is no file; a file that appeared meanwhile is left alone. */
  | { readonly type: 'write' }
  /** Deliver in place of exactly the document with this digest. */
  | { readonly type: 'replace'; readonly digest: string }
  /** Remove exactly the document with this digest. */
  | { readonly type: 'remove'; readonly digest: string }
  /** Fetch the device's document and store it. */
  | { readonly type: 'import' }

export type ActionType = SyncAction['type']

/** No back-off is longer (spec 05). A time further away than this comes from a clock that jumped. */
export const MAX_BACKOFF_MS = 5 * 60_000

/** After this many failures in a row the operator stops until something changes. */
export const QUARANTINE_AFTER = 8

/** Nothing was done yet. */
export const NO_HISTORY: SyncHistory = {
  lastCommand: null,
  lastResult: null,
  lastError: null,
  lastSyncAt: null,
  attempts: 0,
  nextAttemptAt: null,
  knownSha256: null,
  progress: { phase: 'idle' },
  stall: null,
}
