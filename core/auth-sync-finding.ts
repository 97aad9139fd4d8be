import type { DeviceRuntime } from '#crds/types/device.ts'

import type { OpenedDocument, SyncAction, SyncDesired, SyncHistory, SyncObserved } from './auth-sync-input.ts'
import type { RuntimeFileReport } from './device-report.ts'

/** What is true of one runtime on one device. The first seven are read off the report; the rest are on the way. */
export type SyncState = DeviceRuntime['state']

/** What a report means when held against what is wanted, before asking whether anything may be done about it. */
export interface Finding {
  readonly state: Exclude<SyncState, 'Syncing' | 'Verifying' | 'Stalled'>
  /** CamelCase constant, finer than the state. */
  readonly reason: string
  /** One sentence without a secret. */
  readonly message: string
  /** What would be done if no gate stood in the way. */
  readonly intent: SyncAction
}

type FoundArguments = [state: Finding['state'], reason: string, message: string, intent?: SyncAction]

const NONE: SyncAction = { type: 'none' }

/** Reads the state of a file off its last report. The table of spec 05, row by row. */
export function findFile(desired: SyncDesired, observed: SyncObserved): Finding {
  const file = observed.report?.runtimes.get(desired.runtime)
  if (!desired.isEnabled || desired.document === null) return findUnwanted(desired, observed.history, file)
  if (file === undefined || file.exists === null) return notReported(desired.runtime, file)
  if (!file.exists) return missing(file)
  if (file.digest === null) return findUndigested(desired, observed, file)
  if (desired.document.opened === null) {
    return found(
      'Unknown',
      'Decryptable',
      'A file is there, but the stored document cannot be opened to compare it with.',
    )
  }
  return findDigested(desired, { ...file, digest: file.digest }, desired.document.opened)
}

/** Nothing is wanted on the device. Only a file that is exactly what our agent delivered is ever removed. */
function findUnwanted(
  desired: SyncDesired,
  history: SyncHistory,
  file: RuntimeFileReport | undefined,
): Finding {
  if (desired.removalPolicy === 'RemoveManaged' && isExactlyOurs(file)) {
    const intent: SyncAction = { type: 'remove', digest: file.digest }
    return found(
      'ToRemove',
      'ToRemove',
      'The file that was delivered is no longer wanted and is to be removed.',
      intent,
    )
  }
  if (isRemoved(history) && file?.exists === false) {
    return found(
      'NotManaged',
      'Removed',
      'The file that was delivered was removed; the device reports that it is gone.',
    )
  }
  if (!desired.isEnabled) {
    return found(
      'NotManaged',
      'Enabled',
      `The user's configuration is not switched on for ${desired.runtime}.`,
    )
  }
  return found('NotManaged', 'Stored', `No auth document is stored for ${desired.runtime}.`)
}

function isRemoved(history: SyncHistory): boolean {
  return history.lastResult === 'removed' || history.lastResult === 'absent'
}

type OurFile = RuntimeFileReport & { readonly digest: string }

function isExactlyOurs(file: RuntimeFileReport | undefined): file is OurFile {
  return file?.exists === true && file.digest !== null && file.digest === file.lastWrittenDigest
}

function notReported(runtime: string, file: RuntimeFileReport | undefined): Finding {
  const words = file?.error ?? null
  const why = words === null ? 'did not say whether the file exists' : `could not look: ${words}`
  return found('Unknown', 'Reported', `The device ${why} (${runtime}).`)
}

function missing(file: RuntimeFileReport): Finding {
  const place = file.targetPath === null ? '' : ` at ${file.targetPath}`
  return found('Missing', 'Missing', `The device reports that there is no file${place}.`, { type: 'write' })
}

/** A file that cannot be compared: what the reference executors report, or something that is no auth document at all. */
function findUndigested(desired: SyncDesired, observed: SyncObserved, file: RuntimeFileReport): Finding {
  // Our agent always gives the size; with a size and no digest the file was looked at and is no JSON object.
  if (observed.report?.isOurAgent === true && file.size !== null) {
    return found(
      'Foreign',
      'NotADocument',
      'The file is not a JSON object, so it is not what was delivered; it is left alone.',
    )
  }
  const known = observed.history.knownSha256
  if (known !== null && known !== desired.document?.sha256) {
    const message =
      'An older document was delivered here, and the device does not report digests, so it is left alone.'
    return found('Stale', 'DigestNotReported', message)
  }
  return found('InSync', 'UpToDate', 'A file is there; the device does not report digests.')
}

function findDigested(desired: SyncDesired, file: OurFile, opened: OpenedDocument): Finding {
  if (file.digest === opened.digest) return found('InSync', 'UpToDate', 'The device has the stored document.')
  if (file.digest === file.lastWrittenDigest) return findStale(desired, file, opened)
  if (isRefreshedByCli(desired, file, opened)) return findRotated(desired, file, opened)
  return findForeign(file, opened)
}

function findStale(desired: SyncDesired, file: OurFile, opened: OpenedDocument): Finding {
  if (isLater(file.lastRefresh, opened.lastRefresh)) {
    return found(
      'Stale',
      'NewerOnDevice',
      'The document on the device was refreshed later than the stored one, so it stays.',
    )
  }
  if (desired.updatePolicy !== 'IfStale') {
    return found(
      'Stale',
      'KeptByPolicy',
      'An older document that was delivered is there; updatePolicy IfMissing keeps it.',
    )
  }
  const intent: SyncAction = { type: 'replace', digest: file.digest }
  return found(
    'Stale',
    'Stale',
    'An older document that was delivered is there and is to be replaced.',
    intent,
  )
}

function findRotated(desired: SyncDesired, file: OurFile, opened: OpenedDocument): Finding {
  // Without a proven account the newer file may be another person's login: a person has to decide.
  const isProven = opened.account !== null
  const secret = desired.document?.secret
  const isImported = desired.updatePolicy === 'IfStale' && isProven && secret === undefined
  const change =
    file.lastRefresh === null
      ? 'The CLI changed the file after it was delivered'
      : `The CLI refreshed the file at ${file.lastRefresh}`
  const message =
    secret === undefined
      ? `${change}; it is newer than the stored document.`
      : `${change}; it is newer than the document in the Secret ${secret.name}, which the operator never writes.`
  return found('RotatedOnDevice', 'RotatedOnDevice', message, isImported ? { type: 'import' } : NONE)
}

function findForeign(file: OurFile, opened: OpenedDocument): Finding {
  if (file.lastWrittenDigest === null) {
    return found(
      'Foreign',
      'WrittenElsewhere',
      'The file was there before anything was delivered; it is never touched.',
    )
  }
  if (file.account !== null && opened.account !== null && file.account !== opened.account) {
    return found('Foreign', 'OtherAccount', 'The file belongs to another account; it is never touched.')
  }
  const message = 'The file was changed by someone else after it was delivered; it is never touched.'
  return found('Foreign', 'WrittenElsewhere', message)
}

/** Whether the file is what we delivered, refreshed by the CLI since, and so newer than the stored document. */
function isRefreshedByCli(desired: SyncDesired, file: OurFile, opened: OpenedDocument): boolean {
  if (file.lastWrittenDigest === null || !isSameAccount(desired, file, opened)) return false
  if (file.lastRefresh !== null && opened.lastRefresh !== null)
    return isLater(file.lastRefresh, opened.lastRefresh)
  const storedAt = desired.document?.updatedAt ?? null
  return file.modifiedAt !== null && storedAt !== null && file.modifiedAt > storedAt
}

function isSameAccount(desired: SyncDesired, file: OurFile, opened: OpenedDocument): boolean {
  if (opened.account !== null) return file.account === opened.account
  return !desired.hasAccountField && file.account === null
}

/** Whether the first time is later than the second; unreadable times are not. */
function isLater(time: string | null, than: string | null): boolean {
  return time !== null && than !== null && Date.parse(time) > Date.parse(than)
}

// Four short words read better in a row than an options object at each of twenty calls.
function found(...[state, reason, message, intent = NONE]: FoundArguments): Finding {
  return { state, reason, message, intent }
}
