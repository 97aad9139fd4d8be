import type { SyncRecords } from '#controller/auth-sync/records.ts'
import type { ObjectCache, UserLookup, DeviceReports, Logger } from '#controller/ports.ts'
import { writeStatus } from '#controller/status.ts'
import type { Clock } from '#core/clock.ts'
import type { DeviceKey } from '#core/device-command.ts'
import { deviceNameOf } from '#core/device-name.ts'
import type { DeviceReport } from '#core/device-report.ts'
import { AppError, isAppError } from '#core/errors.ts'
import { API_VERSION } from '#crds/group.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { findObject } from '#store/find-object.ts'
import type { Store } from '#store/store.ts'

import type { DeviceOwnership } from './ownership.ts'
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
  readonly ownership: DeviceOwnership
}

/** Writes a device as text, for the queue. */
export function toDeviceText({ namespace, deviceId }: DeviceKey): string {
  return `${namespace}/${deviceId}`
}

/** Makes a device's object when it registered, and writes its status when that says anything new. */
export async function reconcileDevice(text: string, deps: DeviceDeps): Promise<void> {
  const at = text.indexOf('/')
  const device = { namespace: text.slice(0, at), deviceId: text.slice(at + 1) }
  const standing = deps.ownership.standingOf(device)
  if (standing === 'theirs') return deps.ownership.release(device)
  if (standing === 'contested') return
  const report = deps.reports.get(device)
  if (report !== undefined && !(await ensureObject(report, deps))) return
  await writeStatus(deps.store, {
    kind: 'Device',
    key: { namespace: device.namespace, name: deviceNameOf(device.deviceId) },
    render: (object) => {
      if (!deps.ownership.mayWrite(device, object)) return object.status
      return renderDeviceStatus(object, {
        report: deps.reports.get(device),
        isLost: deps.ownership.isLost(object, deps.started.at),
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
    await create({ apiVersion: API_VERSION, kind: 'Device', metadata, spec }, deps)
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

async function create(object: ObjectOf<'Device'>, { store }: DeviceDeps): Promise<void> {
  try {
    await store.create('Device', object)
  } catch (error) {
    // Another replica had it first: what is there is looked at anew.
    if (isAppError(error, 'ALREADY_EXISTS')) throw new AppError('CONFLICT', error.message, { cause: error })
    if (!isAppError(error, 'NOT_FOUND')) throw error
    // A device may be quicker than the namespace of its new user.
    throw new AppError('STORE_UNAVAILABLE', error.message, { cause: error })
  }
}

function isDescribed({ spec }: ObjectOf<'Device'>, report: DeviceReport): boolean {
  return spec.displayName === report.displayName && spec.deviceType === report.deviceType
}
