import type { Finding } from './auth-sync-finding.ts'
import { MAX_BACKOFF_MS, QUARANTINE_AFTER } from './auth-sync-input.ts'
import type { DesiredDocument, SyncDesired, SyncObserved } from './auth-sync-input.ts'
import { isNothingThere } from './document-fault.ts'

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

/** One of {@link GATES}. */
export type GateName = (typeof GATES)[number]

/** A gate, and whether it stands in the way. */
export interface GateResult {
  readonly name: GateName
  readonly passed: boolean
  /** One sentence: what is so, with the value that decided it. Never a secret. */
  readonly message: string
}

/** What the gates judge. */
export interface GateQuestion {
  readonly desired: SyncDesired
  readonly observed: SyncObserved
  readonly finding: Finding
  /** Epoch ms. */
  readonly now: number
}

/** One gate's answer: passed or not, and the sentence that says why. */
type Answer = readonly [passed: boolean, message: string]

/**
 * Judges all twelve gates in their order. A gate is passed when it does not stand in the way of what would be done: a
 * removal needs no stored document, and is due exactly when the switch is off.
 */
export function checkGates(question: GateQuestion): readonly GateResult[] {
  return GATES.map((name) => {
    const [passed, message] = CHECKS[name](question)
    return { name, passed, message }
  })
}

const CHECKS: Readonly<Record<GateName, (question: GateQuestion) => Answer>> = {
  Enabled: ({ desired, finding }) => {
    if (desired.isEnabled) return [true, `use_user_config is true for ${desired.runtime}.`]
    const message = `use_user_config is not true for ${desired.runtime}.`
    return isRemoval(finding) ? [true, `${message} What was delivered is to be removed.`] : [false, message]
  },

  Stored: ({ desired, finding }) => {
    if (desired.document === null) {
      const message = `No auth document is stored for ${desired.runtime}.`
      return isRemoval(finding) ? [true, `${message} A removal needs none.`] : [false, message]
    }
    const { fault } = desired.document
    if (fault !== undefined && isNothingThere(fault)) return [isRemoval(finding), fault.message]
    return [true, storedWhere(desired.document)]
  },

  Decryptable: ({ desired, finding }) => {
    if (desired.document?.opened) return [true, 'The stored auth document opens.']
    if (isRemoval(finding)) return [true, 'A removal needs no document to open.']
    if (desired.document === null) return [false, 'There is no auth document to open.']
    const { fault } = desired.document
    if (fault === undefined || fault.reason === 'DecryptFailed')
      return [false, 'The stored auth document does not open with the keys of this server.']
    return [false, isNothingThere(fault) ? 'There is no auth document to open.' : fault.message]
  },

  NotSuspended: ({ desired }) => {
    if (desired.suspendedBy === null) return [true, 'Neither the configuration nor the device is suspended.']
    if (desired.suspendedBy === 'user') return [false, 'The user is deactivated.']
    const what = desired.suspendedBy === 'resource' ? `The configuration of ${desired.runtime}` : 'The device'
    return [false, `${what} is suspended (spec.suspend is true).`]
  },

  DeviceKnown: ({ observed }) =>
    observed.isDeviceKnown
      ? [true, 'The device has registered.']
      : [false, 'No device with this id has ever registered.'],

  Online: ({ observed: { report } }) => {
    if (report?.isOnline) return [true, 'The device is online.']
    if (report === null) return [false, 'The device has not connected since the server started.']
    if (report.lastHeartbeatAt === null)
      return [false, 'The device is connected but has not sent a heartbeat yet.']
    return [false, `The device is offline; its last heartbeat was at ${iso(report.lastHeartbeatAt)}.`]
  },

  Supported: ({ observed: { report }, finding }) => {
    if (report?.deviceType === 'remote') {
      return [false, `Device command key '${commandOf(finding)}' is not supported for remote devices`]
    }
    const needsOurAgent = finding.intent.type === 'replace' || isRemoval(finding)
    if (needsOurAgent && report !== null && !report.isOurAgent) {
      return [
        false,
        'The executor on the device can deliver a missing file, but cannot replace or remove one.',
      ]
    }
    return [true, 'The device can carry out the commands.']
  },

  Reported: ({ desired, observed }) => {
    const file = observed.report?.runtimes.get(desired.runtime)
    if (file === undefined) return [false, `The device has not reported on ${desired.runtime}.`]
    if (file.exists !== null)
      return [true, `The device reports that the file ${file.exists ? 'exists' : 'is missing'}.`]
    const why =
      file.error === null
        ? 'Its report does not say whether the file exists.'
        : `It could not look: ${file.error}`
    return [false, why]
  },

  NeedsFile: ({ finding }) => [finding.intent.type !== 'none', finding.message],

  NotInFlight: ({ observed: { history } }) => {
    const { progress } = history
    if (progress.phase === 'idle') return [true, 'No command is on its way.']
    if (progress.phase === 'sending') return [false, 'A command is on its way to the device.']
    return [false, `The device answered "${history.lastResult}"; its next heartbeat has to prove it.`]
  },

  NotBackingOff: ({ observed: { history }, now }) => {
    const { nextAttemptAt } = history
    const isWaiting = nextAttemptAt !== null && nextAttemptAt > now && nextAttemptAt <= now + MAX_BACKOFF_MS
    if (!isWaiting) return [true, 'No waiting time is running.']
    return [
      false,
      `The next attempt is at ${iso(nextAttemptAt)}. ${failuresOf(history.attempts, history.lastError)}`,
    ]
  },

  NotQuarantined: ({ observed: { history } }) => {
    if (history.stall !== null) return [false, history.stall.message]
    if (history.attempts < QUARANTINE_AFTER) return [true, 'The device is not quarantined.']
    return [
      false,
      `Nothing more is tried until something changes. ${failuresOf(history.attempts, history.lastError)}`,
    ]
  },
}

function storedWhere({ updatedAt, secret }: DesiredDocument): string {
  const since = updatedAt === null ? '' : ` since ${iso(updatedAt)}`
  if (secret === undefined) return `An auth document is stored${since}.`
  return `An auth document is in the Secret ${secret.name}, under the key ${secret.key}${since}.`
}

function isRemoval(finding: Finding): boolean {
  return finding.intent.type === 'remove'
}

function commandOf(finding: Finding): string {
  if (isRemoval(finding)) return 'remove_runtime_auth_file'
  return finding.intent.type === 'import' ? 'read_runtime_auth_file' : 'sync_runtime_auth_file'
}

function failuresOf(attempts: number, lastError: string | null): string {
  const count = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} in a row failed`
  return lastError === null ? `${count}.` : `${count}: ${lastError}`
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
