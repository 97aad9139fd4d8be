import type { Explanation } from '#core/auth-sync-explanation.ts'
import type { SyncOutcome } from '#core/auth-sync-request.ts'
import type { DeviceKey } from '#core/device-command.ts'
import { deviceNameOf } from '#core/device-name.ts'
import { type AppError, isAppError } from '#core/errors.ts'

import { requireDevice } from './auth-sync/explain.ts'
import { devicesOf, type SyncRequest } from './auth-sync/request-sync.ts'
import type { DeviceReports, ObjectCache, PeerSyncs, ReplicaDirectory } from './ports.ts'

/** What people ask of the reconcile loop. */
export interface AuthSync {
  /** Rejects with `DEVICE_UNKNOWN` or `RUNTIME_UNSUPPORTED`. */
  explain(device: DeviceKey, runtime: string): Promise<Explanation>
  /** Rejects with `RUNTIME_UNSUPPORTED`, `AUTH_MISSING`, `DECRYPT_FAILED` or `DEVICE_UNKNOWN`. */
  requestSync(request: SyncRequest): Promise<readonly SyncOutcome[]>
}

/** Where devices are, and who answers for them. */
export interface FleetDeps {
  /** For the devices that are connected here, and those that are nowhere. */
  readonly own: AuthSync
  readonly cache: Pick<ObjectCache, 'get' | 'list'>
  readonly reports: Pick<DeviceReports, 'get' | 'list'>
  /** Name of this replica. */
  readonly gateway: string
  readonly replicas: Pick<ReplicaDirectory, 'isAlive'>
  readonly peers: PeerSyncs
}

/** Answers for every device where several replicas reach each other, else for those of this one, which are all there are. */
export function wherever(
  own: AuthSync,
  deps: Pick<FleetDeps, 'cache' | 'reports'> & Partial<FleetDeps>,
): AuthSync {
  const { gateway, replicas, peers } = deps
  if (gateway === undefined || replicas === undefined || peers === undefined) return own
  return overReplicas({ ...deps, own, gateway, replicas, peers })
}

/** Answers for every device of the installation: each is asked of the replica that holds its socket. */
export function overReplicas(deps: FleetDeps): AuthSync {
  return {
    explain: (device, runtime) => explainEverywhere(device, runtime, deps),
    requestSync: (request) => requestSyncEverywhere(request, deps),
  }
}

/**
 * Says why a device is as it is, from what its replica knows at this moment; a device whose replica is gone is explained from
 * what is stored. Rejects as {@link AuthSync.explain} does.
 */
async function explainEverywhere(device: DeviceKey, runtime: string, deps: FleetDeps): Promise<Explanation> {
  const holder = holderOf(device, deps)
  if (holder === null) return deps.own.explain(device, runtime)
  try {
    return await deps.peers.explain(holder, device, runtime)
  } catch (error) {
    if (!isAppError(error, 'DEVICE_OFFLINE') && !isAppError(error, 'DEVICE_UNKNOWN')) throw error
    return deps.own.explain(device, runtime)
  }
}

/**
 * Syncs devices at once, wherever they are connected, and resolves when each answered or failed: in the order asked for, else by
 * device id. A replica that is gone, or fails as a whole, fails for its devices alone. Rejects as {@link AuthSync.requestSync}
 * does.
 */
async function requestSyncEverywhere(request: SyncRequest, deps: FleetDeps): Promise<readonly SyncOutcome[]> {
  const { namespace, runtime } = request
  const deviceIds = request.deviceIds ?? devicesOf(namespace, deps)
  const byHolder = Map.groupBy(deviceIds, (deviceId) => holderOf({ namespace, deviceId }, deps))
  const own = byHolder.get(null) ?? []
  byHolder.delete(null)
  if (byHolder.size === 0) return deps.own.requestSync(request)
  // Nothing goes out anywhere when it is refused here: what no replica can do, and a device that nobody knows.
  await deps.own.requestSync({ namespace, runtime, deviceIds: [] })
  for (const deviceId of deviceIds) requireDevice({ namespace, deviceId }, deps)
  const parts = await Promise.all([
    deps.own.requestSync({ namespace, runtime, deviceIds: own }),
    ...[...byHolder].map(([holder, ids]) =>
      syncAt(holder ?? deps.gateway, { namespace, runtime, deviceIds: ids }, deps),
    ),
  ])
  const outcomes = new Map(parts.flat().map((outcome) => [outcome.deviceId, outcome]))
  return deviceIds.map((deviceId) => outcomes.get(deviceId) ?? failed(deviceId, 'failed', SILENT))
}

const SILENT = 'the replica that holds its connection said nothing about it'

/** Never rejects for what a replica cannot do: the devices of the others are synced all the same. */
async function syncAt(
  holder: string,
  request: Required<SyncRequest>,
  { peers }: FleetDeps,
): Promise<readonly SyncOutcome[]> {
  try {
    return await peers.requestSync(holder, request)
  } catch (error) {
    if (!isAppError(error)) throw error
    return request.deviceIds.map((deviceId) => failed(deviceId, statusOf(error), error.message))
  }
}

function statusOf({ code }: AppError): string {
  if (code === 'DEVICE_OFFLINE') return 'offline'
  return code === 'DEVICE_TIMEOUT' ? 'timed_out' : 'failed'
}

function failed(deviceId: string, status: string, error: string): SyncOutcome {
  return { deviceId, success: false, status, error }
}

/** The other replica that holds a device's socket; `null`: this one does, or nobody. */
function holderOf(device: DeviceKey, { cache, reports, gateway, replicas }: FleetDeps): string | null {
  if (reports.get(device)?.isOnline === true) return null
  const object = cache.get('Device', { namespace: device.namespace, name: deviceNameOf(device.deviceId) })
  const holder = object?.spec.deviceId === device.deviceId ? object.status?.gateway : undefined
  return holder !== undefined && holder !== gateway && replicas.isAlive(holder) ? holder : null
}
