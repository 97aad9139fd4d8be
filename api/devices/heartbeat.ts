import { isRecord } from '#protocol/liberal.ts'

import type { DeviceConnection } from './connection.ts'
import type { DeviceMetrics } from './metrics.ts'
import type { Reports } from './reports.ts'

/** What a heartbeat needs. */
export interface HeartbeatDeps {
  readonly reports: Reports
  readonly metrics: DeviceMetrics
}

const DONE = { success: true }
const MISMATCH = { error: 'Device ID mismatch' }
const STALE = { error: 'Stale device connection' }

/**
 * Answers `device:heartbeat`.
 *
 * Only the id, `runtime_auth_files` and `runtime_config_layers` are looked at: nothing else can make a heartbeat fail, and
 * nothing else is kept.
 */
export function takeHeartbeat(connection: DeviceConnection, payload: unknown, deps: HeartbeatDeps): object {
  const { device } = connection
  if (device === null || !isRecord(payload) || payload['device_id'] !== device.key.deviceId) return MISMATCH
  if (device.connection !== connection) return STALE
  deps.metrics.countHeartbeat()
  deps.reports.heartbeat(device, {
    files: payload['runtime_auth_files'],
    configs: payload['runtime_config_layers'],
  })
  return DONE
}
