import { createHash } from 'node:crypto'

import type { DeviceReports, ObjectCache, UserLookup } from '#controller/ports.ts'
import type { DesiredDocument, SyncDesired } from '#core/auth-sync-input.ts'
import { deviceNameOf } from '#core/device-name.ts'
import type { DeviceReport, RuntimeFileReport } from '#core/device-report.ts'
import { type Runtime, targetOf } from '#core/runtimes.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { DeviceKeys } from '#secrets/device-key.ts'
import { digestUnder } from '#secrets/document-digest.ts'
import type { User } from '#store/users.ts'

import type { DocumentOpener } from './document-opener.ts'
import { documentSourceOf } from './document-source.ts'
import { inputsOf, isEnabled as isEnabledFor } from './inputs.ts'
import { NOTHING_STORED, type Opening, type StoredDocument } from './opened-document.ts'
import type { SyncKey } from './sync-key.ts'

type Config = ObjectOf<'UserRuntimeConfig'>
type Policies = Pick<SyncDesired, 'updatePolicy' | 'removalPolicy'>

/** Where to read. */
export interface ObserveDeps {
  readonly cache: ObjectCache
  readonly users: UserLookup
  readonly reports: DeviceReports
  readonly deviceKeys: DeviceKeys
  readonly documents: DocumentOpener
}

/** What was read of one runtime on one device, all at one moment but for the opening of the document. */
export interface Observation {
  readonly key: SyncKey
  readonly user: User
  readonly runtime: Runtime
  readonly config: Config | undefined
  readonly object: ObjectOf<'Device'> | undefined
  readonly report: DeviceReport | null
  readonly desired: SyncDesired
  /** `null`: none is stored, it cannot be used, or nobody asked for it. */
  readonly document: StoredDocument | null
  /** Fingerprint of what is wanted and of the device: failures at another one say nothing about this one. */
  readonly basis: string
  /** Fingerprint of all that was read, as it was when reading began. */
  readonly inputs: string
}

/** How to read. */
export interface ObserveOptions {
  /** Open the document even though nothing is wanted; for `explain`, which shows every gate. */
  readonly isComplete?: boolean
  /** What was known of a resource that is gone: its files are still to be removed if it said so. */
  readonly removalPolicy?: SyncDesired['removalPolicy']
}

/** Reads everything that decides about a key. `null` when its user or its runtime is not registered (any more). */
export async function observe(
  key: SyncKey,
  deps: ObserveDeps,
  options: ObserveOptions = {},
): Promise<Observation | null> {
  const user = deps.users.findByNamespace(key.namespace)
  const runtime = deps.cache.get('Runtime', { name: key.runtime })
  if (user === undefined || runtime === undefined) return null
  const config = liveConfig(
    deps.cache.get('UserRuntimeConfig', { namespace: key.namespace, name: key.runtime }),
  )
  const inputs = inputsOf(key, deps)
  const isEnabled = isEnabledFor(key, deps)
  const isNeeded = isEnabled || options.isComplete === true
  const opening = isNeeded && config ? await deps.documents.open({ user, runtime, config }) : NOTHING_STORED
  // The report and the device are read after the wait, so that they are as fresh as the decision.
  const object = deps.cache.get('Device', { namespace: key.namespace, name: deviceNameOf(key.deviceId) })
  const report = deps.reports.get(key) ?? null
  const desired: SyncDesired = {
    runtime: key.runtime,
    target: targetOf(runtime),
    isEnabled,
    document: toDesiredDocument(key, { config, opening, deps }),
    ...policiesOf(config, options),
    suspendedBy: suspenderOf(user, config, object),
    hasAccountField: runtime.spec.auth.fields?.accountId !== undefined,
  }
  return {
    key,
    user,
    runtime,
    config,
    object,
    report,
    desired,
    document: opening.document,
    basis: basisOf(desired, report),
    inputs,
  }
}

/** A resource that is on its way out wants nothing any more. */
function liveConfig(config: Config | undefined): Config | undefined {
  return config?.metadata.deletionTimestamp === undefined ? config : undefined
}

function policiesOf(config: Config | undefined, options: ObserveOptions): Policies {
  const auth = config?.spec.auth
  const removalPolicy = config === undefined ? options.removalPolicy : auth?.removalPolicy
  return { updatePolicy: auth?.updatePolicy ?? 'IfMissing', removalPolicy: removalPolicy ?? 'Retain' }
}

interface DocumentSources {
  readonly config: Config | undefined
  readonly opening: Opening
  readonly deps: Pick<ObserveDeps, 'deviceKeys'>
}

function toDesiredDocument(key: SyncKey, { config, opening, deps }: DocumentSources): DesiredDocument | null {
  const auth = config?.spec.auth
  if (auth === undefined || documentSourceOf(config) === null) return null
  const { document, fault, secret } = opening
  const place = {
    updatedAt: lastChangeOf(auth.updatedAt, secret?.changedAt),
    ...(auth.secretRef && { secret: auth.secretRef }),
  }
  if (document === null)
    return { ...place, sha256: auth.sha256 ?? '', opened: null, ...(fault !== null && { fault }) }
  const deviceKey = deps.deviceKeys.deviceKey(key)
  const { accountId } = document
  const opened = {
    digest: digestUnder(deviceKey, document.normalForm.open()),
    account: accountId === null ? null : digestUnder(deviceKey, accountId.open()),
    lastRefresh: document.lastRefresh,
  }
  return { ...place, sha256: document.sha256, opened }
}

/** A resource that came to refer to a Secret refers to something newer than what it held, whenever the Secret was made. */
function lastChangeOf(stored: string | undefined, ofSecret: number | undefined): number | null {
  const times = [stored === undefined ? Number.NaN : Date.parse(stored), ofSecret ?? Number.NaN]
  const known = times.filter((time) => !Number.isNaN(time))
  return known.length === 0 ? null : Math.max(...known)
}

function suspenderOf(
  user: User,
  config: Config | undefined,
  object: ObjectOf<'Device'> | undefined,
): SyncDesired['suspendedBy'] {
  if (!user.isActive) return 'user'
  if (config?.spec.suspend === true) return 'resource'
  return object?.spec.suspend === true ? 'device' : null
}

function basisOf(desired: SyncDesired, report: DeviceReport | null): string {
  const { isEnabled, document, updatePolicy, removalPolicy, suspendedBy, target } = desired
  const stored = [document?.sha256, document?.updatedAt]
  const wanted = [isEnabled, ...stored, updatePolicy, removalPolicy, suspendedBy, target]
  const device = [report?.isOurAgent, report?.executorVersion, report?.deviceType]
  const found = foundBasis(report?.runtimes.get(desired.runtime))
  const text = JSON.stringify([wanted, device, found])
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

function foundBasis(file: RuntimeFileReport | undefined): readonly unknown[] {
  return [file?.targetPath, file?.exists, file?.digest, file?.lastWrittenDigest]
}
