import type { DocumentOpener } from '#controller/auth-sync/document-opener.ts'
import { documentSourceOf } from '#controller/auth-sync/document-source.ts'
import type { OpenRequest } from '#controller/auth-sync/opened-document.ts'
import type { SyncRecords } from '#controller/auth-sync/records.ts'
import type { ObjectCache, UserLookup, DeviceReports } from '#controller/ports.ts'
import { writeStatus } from '#controller/status.ts'
import {
  type ConfigFacts,
  countDevices,
  type DeviceSync,
  readyCondition,
  sharedCondition,
  syncedCondition,
} from '#core/auth-sync-status.ts'
import type { Clock } from '#core/clock.ts'
import { secretUnreadable } from '#core/document-fault.ts'
import { AppError, isAppError } from '#core/errors.ts'
import { readRuntimePreference } from '#core/preferences.ts'
import { setCondition } from '#crds/conditions.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { Store } from '#store/store.ts'

import { deviceSyncsOf } from './device-syncs.ts'
import type { LayerChecks } from './layer-checks.ts'

type Config = ObjectOf<'UserRuntimeConfig'>

/** What summing up a configuration stands on. */
export interface ConfigStatusDeps {
  readonly store: Store
  readonly cache: ObjectCache
  readonly users: UserLookup
  readonly reports: DeviceReports
  readonly records: SyncRecords
  readonly documents: DocumentOpener
  readonly layers: LayerChecks
  readonly clock: Clock
  /** The requested sync that was carried out last, by `namespace/runtime`. */
  readonly handledRequests: ReadonlyMap<string, string>
  /** Name of this replica; absent: there is only one. */
  readonly gateway?: string
}

/** Sums up in a configuration's status what is so on all devices of its user. */
export async function reconcileConfigStatus(text: string, deps: ConfigStatusDeps): Promise<void> {
  const [namespace = '', name = ''] = text.split('/')
  const cached = deps.cache.get('UserRuntimeConfig', { namespace, name })
  if (cached === undefined) return deps.layers.drop(text)
  const facts = await observeFacts(cached, deps)
  const devices = deviceSyncsOf({ namespace, runtime: name }, deps)
  await writeStatus(deps.store, {
    kind: 'UserRuntimeConfig',
    key: { namespace, name },
    render: (object) => renderStatus(object, facts, { devices, deps, text }),
  })
  const fault = facts.document?.fault
  // It may be readable later, and nothing would tell.
  if (fault?.reason === 'SecretUnreadable') throw new AppError('STORE_UNAVAILABLE', fault.message)
}

async function observeFacts(config: Config, deps: ConfigStatusDeps): Promise<ConfigFacts> {
  const { name, namespace = '', generation = 0 } = config.metadata
  const user = deps.users.findByNamespace(namespace)
  const runtime = deps.cache.get('Runtime', { name })
  return {
    runtime: name,
    namespace,
    generation,
    isClaimed: user !== undefined,
    isEnabled: user !== undefined && readRuntimePreference(user.preferences, name).useUserConfig,
    isRegistered: runtime !== undefined,
    isSuspended: config.spec.suspend === true,
    document: user && runtime ? await observeDocument({ user, runtime, config }, deps) : null,
    layer: user && runtime ? await deps.layers.check({ user, runtime, config }) : null,
  }
}

async function observeDocument(
  request: OpenRequest,
  { documents }: ConfigStatusDeps,
): Promise<ConfigFacts['document']> {
  const { sha256 = '', secretRef: secret = null } = request.config.spec.auth ?? {}
  if (documentSourceOf(request.config) === null) return null
  try {
    const { document, fault } = await documents.open(request)
    if (document === null) return { sha256, fault, hasRefreshToken: false, secret }
    return { sha256: document.sha256, fault, hasRefreshToken: document.hasRefreshToken, secret }
  } catch (error) {
    if (secret === null || !isAppError(error, 'STORE_UNAVAILABLE')) throw error
    // A status can be written all the same when it is only Secrets that the operator may not read.
    return { sha256, fault: secretUnreadable(secret, error.message), hasRefreshToken: false, secret }
  }
}

interface RenderFacts {
  readonly devices: readonly DeviceSync[]
  readonly deps: ConfigStatusDeps
  readonly text: string
}

function renderStatus(
  object: Config,
  facts: ConfigFacts,
  { devices, deps, text }: RenderFacts,
): Config['status'] {
  const now = new Date(deps.clock.now()).toISOString()
  const next = [readyCondition(facts), syncedCondition(facts, devices), sharedCondition(facts, devices)]
  const conditions = next.reduce((list, one) => setCondition(list, one, now), object.status?.conditions ?? [])
  const handled = deps.handledRequests.get(text) ?? object.status?.lastHandledSyncRequest
  return {
    ...object.status,
    observedGeneration: facts.generation,
    conditions,
    devices: countDevices(devices),
    ...(handled !== undefined && { lastHandledSyncRequest: handled }),
  }
}
