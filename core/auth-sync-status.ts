import type { NewCondition } from '#crds/conditions.ts'

import type { SyncState } from './auth-sync-finding.ts'
import type { DocumentFault, DocumentSecret } from './document-fault.ts'

/** One device of a user, as far as the status of a configuration tells of it. */
export interface DeviceSync {
  readonly deviceId: string
  readonly isOnline: boolean
  /** `null`: nothing was decided yet. */
  readonly state: SyncState | null
  /** SHA-256 of the document known to be on it; `null`: not known. */
  readonly knownSha256: string | null
  /** A CLI runs on it, or may. */
  readonly isActive: boolean
}

/** Type of the condition that {@link sharedCondition} makes. */
export const CREDENTIAL_SHARED = 'CredentialShared'

/** How many devices are in which state. All but `online` count only devices that are online. */
export interface DeviceCounts {
  readonly online: number
  readonly inSync: number
  readonly missing: number
  readonly stale: number
  readonly failed: number
}

/** What is on its way to being there counts as missing until a heartbeat proves it. */
const COUNTED: Readonly<Partial<Record<SyncState, keyof DeviceCounts>>> = {
  InSync: 'inSync',
  Missing: 'missing',
  Syncing: 'missing',
  Verifying: 'missing',
  Stale: 'stale',
  Stalled: 'failed',
}

/** Counts a user's devices by state. */
export function countDevices(devices: readonly DeviceSync[]): DeviceCounts {
  const counts = { online: 0, inSync: 0, missing: 0, stale: 0, failed: 0 }
  for (const { isOnline, state } of devices) {
    if (!isOnline) continue
    counts.online += 1
    const counted = state === null ? undefined : COUNTED[state]
    if (counted !== undefined) counts[counted] += 1
  }
  return counts
}

/** What the conditions of a configuration depend on besides its devices. */
export interface ConfigFacts {
  readonly runtime: string
  readonly namespace: string
  readonly generation: number
  /** A user has this namespace. */
  readonly isClaimed: boolean
  readonly isEnabled: boolean
  readonly isRegistered: boolean
  readonly isSuspended: boolean
  /** `null`: none is stored. */
  readonly document: {
    readonly sha256: string
    /** `null`: it can be delivered. */
    readonly fault: DocumentFault | null
    readonly hasRefreshToken: boolean
    /** `null`: it is sealed in the resource itself. */
    readonly secret: DocumentSecret | null
  } | null
  /** The user's own settings; `null`: none are stored. They have nothing to do with what devices get. */
  readonly layer: {
    readonly isOpen: boolean
    /** Why they cannot be used, and where; `null`: they can. */
    readonly fault: string | null
  } | null
}

/** Says whether a configuration can be delivered. */
export function readyCondition(facts: ConfigFacts): NewCondition {
  const of = (status: 'True' | 'False', reason: string, message: string) =>
    condition('Ready', facts, { status, reason, message })
  const { document, runtime, namespace } = facts
  if (!facts.isClaimed) return of('False', 'NamespaceUnclaimed', unclaimed(namespace))
  if (!facts.isRegistered) return of('False', 'RuntimeUnknown', unknownRuntime(runtime))
  if (document !== null && document.fault !== null)
    return of('False', document.fault.reason, document.fault.message)
  const fault = layerFault(facts)
  if (fault !== null) return condition('Ready', facts, fault)
  if (document === null)
    return of('True', 'NothingStored', 'No auth document is stored; nothing is delivered.')
  if (document.secret === null) return of('True', 'Stored', 'The auth document is stored and opens.')
  const { name, key } = document.secret
  return of('True', 'Stored', `The auth document is in the Secret ${name}, under the key ${key}.`)
}

/** Says, as the message of `NamespaceUnclaimed`, what to do about an object in a namespace that no user has. */
export function unclaimed(namespace: string): string {
  return `No accepted User has spec.namespace: ${namespace}. Create one, or move this object to the namespace of its user.`
}

function unknownRuntime(runtime: string): string {
  return `No Runtime ${runtime} is registered. Apply one with this name, or correct spec.runtime (and metadata.name).`
}

/** Settings that cannot be used keep nothing from the devices: what is said of the auth document stays true. */
function layerFault({ layer }: ConfigFacts): ConditionBody | null {
  if (layer === null) return null
  if (!layer.isOpen) {
    const message = 'The stored settings (spec.config) do not open; store them again.'
    return { status: 'False', reason: 'DecryptFailed', message }
  }
  if (layer.fault === null) return null
  const message = `The stored settings (spec.config) cannot be used: ${layer.fault}.`
  return { status: 'False', reason: 'ConfigInvalid', message }
}

/** Says whether every online device has what it should. */
export function syncedCondition(facts: ConfigFacts, devices: readonly DeviceSync[]): NewCondition {
  const of = (status: NewCondition['status'], reason: string, message: string) =>
    condition('Synced', facts, { status, reason, message })
  if (facts.isSuspended)
    return of('Unknown', 'Suspended', 'spec.suspend is true: nothing is done on any device.')
  if (!facts.isClaimed)
    return of('Unknown', 'NamespaceUnclaimed', 'There is no user whose devices could get it.')
  if (!facts.isEnabled) return of('Unknown', 'Disabled', `use_user_config is not true for ${facts.runtime}.`)
  if (facts.document === null) return of('Unknown', 'NothingStored', 'No auth document is stored.')
  const online = devices.filter((device) => device.isOnline)
  if (online.length === 0) return of('Unknown', 'NoDeviceOnline', 'No device of this user is online.')
  const others = online.filter((device) => device.state !== 'InSync')
  if (others.length === 0) return of('True', 'InSync', 'Every online device has the document.')
  const names = listNames(others.map((device) => device.deviceId))
  return of('False', 'OutOfSync', `Not every online device has the document: ${names}.`)
}

/**
 * Warns when the stored document, with a refresh token in it, is in use on several devices: such a token works once, so the
 * vendor refuses all but the first that refreshes.
 */
export function sharedCondition(facts: ConfigFacts, devices: readonly DeviceSync[]): NewCondition {
  const { document } = facts
  const holders = document === null ? [] : devices.filter((device) => isInUse(device, document.sha256))
  if (document?.hasRefreshToken !== true || holders.length < 2) {
    const message = 'No refresh token is in use on several devices.'
    return condition(CREDENTIAL_SHARED, facts, { status: 'False', reason: 'NotShared', message })
  }
  const names = listNames(holders.map((device) => device.deviceId))
  const message = `The same refresh token is on several active devices: ${names}. The first to refresh it logs the others out.`
  return condition(CREDENTIAL_SHARED, facts, { status: 'True', reason: 'SharedBetweenDevices', message })
}

/** Tells whether a CLI may be using the document with this digest on a device now. */
export function isInUse({ isOnline, isActive, knownSha256 }: DeviceSync, sha256: string): boolean {
  return isOnline && isActive && knownSha256 === sha256
}

type ConditionBody = Pick<NewCondition, 'status' | 'reason' | 'message'>

function condition(type: string, facts: ConfigFacts, body: ConditionBody): NewCondition {
  return { type, ...body, observedGeneration: facts.generation }
}

const MAX_NAMES = 20

/** Names in order, so that the same devices always make the same message; many are cut short. */
function listNames(names: readonly string[]): string {
  const sorted = [...names].sort()
  const shown = sorted.slice(0, MAX_NAMES).join(', ')
  return sorted.length <= MAX_NAMES ? shown : `${shown} and ${sorted.length - MAX_NAMES} more`
}
