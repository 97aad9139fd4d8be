import type { SyncRecords } from '#controller/auth-sync/records.ts'
import type { ObjectCache, UserLookup, DeviceReports, Logger } from '#controller/ports.ts'
import { writeStatus } from '#controller/status.ts'
import type { Clock } from '#core/clock.ts'
import type { DeviceKey } from '#core/device-command.ts'
import { deviceNameOf } from '#core/device-name.ts'
import type { DeviceReport } from '#core/device-report.ts'
import { API_VERSION } from '#crds/group.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { findObject } from '#store/find-object.ts'
import type { Store } from '#store/store.ts'

import { renderDeviceStatus } from './render.ts'

/** What keeping Device objects stands on. */
export interface DeviceDeps {
  readonly store: Store
  readonly cache: ObjectCache
  readonly users: UserLookup
  readonly reports: DeviceReports
  readonly records: SyncRecords
  readonly clock: Clock
  readonly logger: Logger
  /** Name of this replica; absent: there is only one. */
  readonly gateway?: string
  /** Monotonic ms at which the controller started. */
  readonly started: { readonly at: number }
}

/** How long a device may take to come back after our own restart before it counts as offline. */
export const RETURN_GRACE_MS = 120_000

/** Writes a device as text, for the queue. */
export function toDeviceText({ namespace, deviceId }: DeviceKey): string {
  return `${namespace}/${deviceId}`
}

/** Makes a device's object when it registered, and writes its status when that says anything new. */
export async function reconcileDevice(text: string, deps: DeviceDeps): Promise<void> {
  const at = text.indexOf('/')
  const device = { namespace: text.slice(0, at), deviceId: text.slice(at + 1) }
  const report = deps.reports.get(device)
  if (report !== undefined && !(await ensureObject(report, deps))) return
  await writeStatus(deps.store, {
    kind: 'Device',
    key: { namespace: device.namespace, name: deviceNameOf(device.deviceId) },
    render: (object) => {
      const isLost = deps.clock.monotonic() - deps.started.at >= RETURN_GRACE_MS
      return renderDeviceStatus(object, {
        report: deps.reports.get(device),
        isLost,
        records: deps.records.ofDevice(device),
        runtimes: new Set(deps.cache.list('Runtime').map((runtime) => runtime.metadata.name)),
        now: new Date(deps.clock.now()).toISOString(),
        gateway: deps.gateway,
      })
    },
  })
}

/** Gives whether there is an object of this very device. */
async function ensureObject(report: DeviceReport, deps: DeviceDeps): Promise<boolean> {
  const { namespace, deviceId } = report
  const name = deviceNameOf(deviceId)
  const object = await findObject(deps.store, 'Device', { namespace, name })
  const described = { displayName: report.displayName, deviceType: report.deviceType }
  if (object === undefined) {
    const metadata = { namespace, name }
    const spec = { deviceId, ...described }
    await deps.store.create('Device', { apiVersion: API_VERSION, kind: 'Device', metadata, spec })
    return true
  }
  if (object.spec.deviceId !== deviceId) {
    deps.logger.error({ device: deviceId, object: name }, 'object of this name describes another device')
    return false
  }
  if (!isDescribed(object, report)) {
    await deps.store.update('Device', { ...object, spec: { ...object.spec, ...described } })
  }
  return true
}

function isDescribed({ spec }: ObjectOf<'Device'>, report: DeviceReport): boolean {
  return spec.displayName === report.displayName && spec.deviceType === report.deviceType
}
