import type { ControllerKind, ReportChange } from '#controller/ports.ts'
import type { Priority } from '#controller/workqueue.ts'
import { withFreshStart } from '#core/auth-sync-history.ts'
import type { SyncHistory } from '#core/auth-sync-input.ts'
import type { DeviceKey } from '#core/device-command.ts'
import { readRuntimePreference } from '#core/preferences.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { CacheChange } from '#store/kind-cache.ts'
import type { User } from '#store/users.ts'

import type { AuthSyncDeps } from './deps.ts'
import { toKeyText } from './sync-key.ts'

/**
 * Queues keys for whatever may change a decision. Handlers only queue; what is true is read when a key's turn comes.
 * Returns how to stop.
 */
export function watchAuthSync(deps: AuthSyncDeps): () => void {
  const { cache, reports } = deps
  const returned = new Set<string>()
  const stops = [
    reports.onChange((change) => onReport(change, returned, deps)),
    deps.users.onChange((user, previous) => onUser(user, previous, deps)),
    cache.onChange('UserRuntimeConfig', (change) => {
      if (isSpecNews(change))
        queueUser(change.object.metadata.namespace ?? '', [change.object.metadata.name], deps)
    }),
    cache.onChange('Device', (change) => {
      const { namespace = '' } = change.object.metadata
      const device = { namespace, deviceId: change.object.spec.deviceId }
      if (change.type === 'DELETED') deps.records.drop(device)
      if (isSuspended(change.object) !== isSuspended(change.previous))
        queueDevice(device, allRuntimes(deps), { deps, priority: 'user' })
    }),
    cache.onChange('Runtime', (change) => {
      if (isSpecNews(change)) queueRuntime(change.object.metadata.name, deps)
    }),
  ]
  for (const device of knownDevices(deps))
    queueDevice(device, allRuntimes(deps), { deps, priority: 'resync' })
  return () => {
    for (const stop of stops) stop()
  }
}

function onReport({ device, kind, runtimes }: ReportChange, returned: Set<string>, deps: AuthSyncDeps): void {
  // What a device says of its configuration decides nothing about its login.
  if (kind === 'layers') return
  if (kind === 'online') {
    const name = `${device.namespace}/${device.deviceId}`
    restart(device, returned.has(name), deps)
    returned.add(name)
  }
  const concerned = kind === 'runtimes' ? runtimes : allRuntimes(deps)
  queueDevice(device, concerned, { deps, priority: 'device' })
}

/**
 * A device is back. Its heartbeats are counted anew if it was forgotten meanwhile, and any of them is later than a command of
 * before. Coming back, unlike our own restart, also means that somebody may have mended it.
 */
function restart(device: DeviceKey, isReturn: boolean, { records }: AuthSyncDeps): void {
  for (const [runtime, record] of records.ofDevice(device)) {
    const counted = withCountFromZero(record.history)
    const history = isReturn ? withFreshStart(counted) : counted
    records.put({ ...device, runtime }, { ...record, history })
  }
}

function withCountFromZero(history: SyncHistory): SyncHistory {
  if (history.progress.phase !== 'verifying') return history
  return { ...history, progress: { ...history.progress, afterHeartbeat: 0 } }
}

function onUser(user: User, previous: User | undefined, deps: AuthSyncDeps): void {
  const isOtherwise = user.isActive !== previous?.isActive
  const runtimes = allRuntimes(deps).filter(
    (runtime) => isOtherwise || isOn(user, runtime) !== isOn(previous, runtime),
  )
  if (runtimes.length > 0) queueUser(user.namespace, runtimes, deps)
}

function isOn(user: User | undefined, runtime: string): boolean {
  return user !== undefined && readRuntimePreference(user.preferences, runtime).useUserConfig
}

/** Our own status writes come back as changes; what is asked for does not change by them. */
function isSpecNews({ type, object, previous }: CacheChange<ControllerKind>): boolean {
  const [now, before] = [object.metadata, previous?.metadata]
  return (
    type === 'DELETED' ||
    now.uid !== before?.uid ||
    now.generation !== before?.generation ||
    now.deletionTimestamp !== before?.deletionTimestamp
  )
}

function isSuspended(object: ObjectOf<'Device'> | undefined): boolean {
  return object?.spec.suspend === true
}

function queueUser(namespace: string, runtimes: readonly string[], deps: AuthSyncDeps): void {
  for (const device of deps.reports.list(namespace)) queueDevice(device, runtimes, { deps, priority: 'user' })
}

function queueRuntime(runtime: string, deps: AuthSyncDeps): void {
  for (const device of knownDevices(deps)) queueDevice(device, [runtime], { deps, priority: 'resync' })
}

function queueDevice(
  device: DeviceKey,
  runtimes: readonly string[],
  { deps, priority }: { readonly deps: AuthSyncDeps; readonly priority: Priority },
): void {
  const { namespace, deviceId } = device
  for (const runtime of runtimes) deps.queue.add(toKeyText({ namespace, deviceId, runtime }), priority)
}

function allRuntimes({ cache }: AuthSyncDeps): readonly string[] {
  return cache.list('Runtime').map((runtime) => runtime.metadata.name)
}

/** Devices that are written down and have been heard of. */
function knownDevices({ cache, reports }: AuthSyncDeps): readonly DeviceKey[] {
  return cache
    .list('Device')
    .map((device) => ({ namespace: device.metadata.namespace ?? '', deviceId: device.spec.deviceId }))
    .filter((device) => reports.get(device) !== undefined)
}
