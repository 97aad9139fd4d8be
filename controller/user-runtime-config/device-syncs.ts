import { toDeviceSync } from '#controller/auth-sync/device-sync.ts'
import type { SyncRecords } from '#controller/auth-sync/records.ts'
import type { DeviceReports, ObjectCache } from '#controller/ports.ts'
import type { DeviceSync } from '#core/auth-sync-status.ts'
import { deviceNameOf } from '#core/device-name.ts'
import type { DeviceReport } from '#core/device-report.ts'
import { findCondition, isConditionTrue } from '#crds/conditions.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { DeviceRuntime } from '#crds/types/device.ts'

type Device = ObjectOf<'Device'>

/** Where a summary reads of devices. */
export interface DeviceSyncDeps {
  readonly cache: ObjectCache
  readonly reports: DeviceReports
  readonly records: SyncRecords
  /** Name of this replica; absent: there is only one, and it knows every device itself. */
  readonly gateway?: string
}

/** Says what is so on every device of a user: from memory for those that are ours, from their status for those of other replicas. */
export function deviceSyncsOf(
  { namespace, runtime }: { readonly namespace: string; readonly runtime: string },
  { cache, reports, records, gateway }: DeviceSyncDeps,
): readonly DeviceSync[] {
  const known = reports.list(namespace)
  const ofReport = (report: DeviceReport) =>
    toDeviceSync(report, records.get({ namespace, deviceId: report.deviceId, runtime }))
  if (gateway === undefined) return known.map(ofReport)
  const own = known.filter(
    ({ deviceId, isOnline }) =>
      isOnline || !isHeldElsewhere(cache.get('Device', { namespace, name: deviceNameOf(deviceId) }), gateway),
  )
  const ownIds = new Set(own.map(({ deviceId }) => deviceId))
  const others = cache.list('Device', namespace).filter(({ spec }) => !ownIds.has(spec.deviceId))
  return [...own.map(ofReport), ...others.map((device) => fromStatus(device, runtime))]
}

function isHeldElsewhere(device: Device | undefined, gateway: string): boolean {
  const holder = device?.status?.gateway
  return holder !== undefined && holder !== gateway
}

function fromStatus({ spec, status }: Device, runtime: string): DeviceSync {
  const row = status?.runtimes?.find(({ name }) => name === runtime)
  return {
    deviceId: spec.deviceId,
    isOnline: isConditionTrue(status?.conditions, 'Online'),
    state: row?.state ?? null,
    knownSha256: row?.digest ?? null,
    // Who does not say whether a CLI runs may have one.
    isActive: row?.active ?? true,
  }
}

/**
 * Names the runtimes of which a device's status tells a summary something new; `null`: all of them.
 *
 * @param before absent: there was no status
 */
export function summedUpAnew(before: Device['status'], after: Device['status']): readonly string[] | null {
  const onlineOf = (status: Device['status']) => findCondition(status?.conditions, 'Online')?.status
  if (onlineOf(before) !== onlineOf(after)) return null
  const rowsOf = (status: Device['status']) =>
    new Map((status?.runtimes ?? []).map((row) => [row.name, summaryOf(row)]))
  const [old, now] = [rowsOf(before), rowsOf(after)]
  return [...new Set([...old.keys(), ...now.keys()])].filter((name) => old.get(name) !== now.get(name))
}

function summaryOf({ state, digest, active }: DeviceRuntime): string {
  return JSON.stringify([state, digest, active])
}
