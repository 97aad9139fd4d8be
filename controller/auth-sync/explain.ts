import type { DeviceReports, ObjectCache } from '#controller/ports.ts'
import type { Explanation } from '#core/auth-sync-explanation.ts'
import { CREDENTIAL_SHARED, isInUse } from '#core/auth-sync-status.ts'
import { decideAuthSync } from '#core/auth-sync.ts'
import type { DeviceKey } from '#core/device-command.ts'
import { deviceNameOf } from '#core/device-name.ts'
import { AppError } from '#core/errors.ts'
import { findRuntime } from '#core/runtimes.ts'
import { isConditionTrue } from '#crds/conditions.ts'

import type { AuthSyncDeps } from './deps.ts'
import { toDeviceSync } from './device-sync.ts'
import { type Observation, observe } from './observe.ts'
import type { SyncRecord } from './sync-record.ts'

type ExplainDeps = Pick<
  AuthSyncDeps,
  'cache' | 'users' | 'reports' | 'deviceKeys' | 'documents' | 'records' | 'clock'
>

/** Says why a device is as it is, from what is true at this moment. Rejects with `DEVICE_UNKNOWN` or `RUNTIME_UNSUPPORTED`. */
export async function explain(device: DeviceKey, runtime: string, deps: ExplainDeps): Promise<Explanation> {
  requireDevice(device, deps)
  const { name } = findRuntime(deps.cache.list('Runtime'), runtime).metadata
  const key = { ...device, runtime: name }
  const { removalPolicy } = deps.records.get(key)
  const seen = await observe(key, deps, { isComplete: true, removalPolicy })
  if (seen === null) throw new AppError('DEVICE_UNKNOWN', 'Device not found or access denied')
  const record = deps.records.get(key)
  const { history } = record
  const isDeviceKnown = seen.report !== null || seen.object !== undefined
  const decision = decideAuthSync(
    seen.desired,
    { report: seen.report, isDeviceKnown, history },
    deps.clock.now(),
  )
  return {
    deviceId: device.deviceId,
    runtime: name,
    state: decision.state,
    reason: decision.reason,
    message: decision.message,
    gates: decision.gates,
    nextAction: decision.nextAction,
    nextAttemptAt: decision.nextAttemptAt,
    unblock: decision.unblock,
    targetPath: seen.report?.runtimes.get(name)?.targetPath ?? seen.desired.target.targetPath,
    attempts: history.attempts,
    lastCommand: history.lastCommand,
    lastResult: history.lastResult,
    lastSyncTime: history.lastSyncAt === null ? null : new Date(history.lastSyncAt).toISOString(),
    isCredentialShared: isCredentialShared(seen, record),
  }
}

/** The warning is about this device too: it is one of those that use the document. */
function isCredentialShared({ config, document, report }: Observation, record: SyncRecord): boolean {
  const sha256 = document?.sha256 ?? config?.spec.auth?.sha256
  if (report === null || sha256 === undefined) return false
  if (!isConditionTrue(config?.status?.conditions, CREDENTIAL_SHARED)) return false
  return isInUse(toDeviceSync(report, record), sha256)
}

/** Refuses a device this user has never had. @throws AppError `DEVICE_UNKNOWN` */
export function requireDevice(
  device: DeviceKey,
  {
    cache,
    reports,
  }: { readonly cache: Pick<ObjectCache, 'get'>; readonly reports: Pick<DeviceReports, 'get'> },
): void {
  if (reports.get(device) !== undefined) return
  const object = cache.get('Device', { namespace: device.namespace, name: deviceNameOf(device.deviceId) })
  if (object?.spec.deviceId === device.deviceId) return
  throw new AppError('DEVICE_UNKNOWN', 'Device not found or access denied')
}
