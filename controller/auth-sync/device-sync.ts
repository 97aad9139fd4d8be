import type { DeviceSync } from '#core/auth-sync-status.ts'
import type { DeviceReport } from '#core/device-report.ts'

import type { SyncRecord } from './sync-record.ts'

/** Says what a device and its record tell the status of a configuration. */
export function toDeviceSync(report: DeviceReport, { history, decision, isActive }: SyncRecord): DeviceSync {
  return {
    deviceId: report.deviceId,
    isOnline: report.isOnline,
    state: history.progress.phase === 'sending' ? 'Syncing' : (decision?.state ?? null),
    knownSha256: history.knownSha256,
    isActive,
  }
}
