import { isDeepStrictEqual } from 'node:util'

import { toDeviceRow } from '#controller/auth-sync/device-row.ts'
import type { SyncRecord } from '#controller/auth-sync/sync-record.ts'
import type { DeviceReport } from '#core/device-report.ts'
import { type NewCondition, setCondition } from '#crds/conditions.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { DeviceRuntime, DeviceStatus } from '#crds/types/device.ts'

/** What a device's status is rendered from. */
export interface DeviceFacts {
  readonly report: DeviceReport | undefined
  /** It had time to come back since our own restart. */
  readonly isLost: boolean
  readonly records: ReadonlyMap<string, SyncRecord>
  /** Names of the registered runtimes. */
  readonly runtimes: ReadonlySet<string>
  /** ISO 8601. */
  readonly now: string
  readonly gateway: string | undefined
}

/**
 * Renders the status a device should have. The time of the last heartbeat and the number of the connection go along with another
 * change but make none: an idle fleet writes nothing.
 */
export function renderDeviceStatus(object: ObjectOf<'Device'>, facts: DeviceFacts): DeviceStatus | undefined {
  const before: DeviceStatus = object.status ?? {}
  const { lastHeartbeatTime, gatewayFence } = before
  const lasting = renderLasting(object, facts)
  const after = {
    ...lasting,
    ...present('lastHeartbeatTime', lastHeartbeatTime),
    ...present('gatewayFence', gatewayFence),
  }
  if (isDeepStrictEqual(after, before)) return object.status
  const heartbeatAt = facts.report?.lastHeartbeatAt
  const heard = heartbeatAt == null ? lastHeartbeatTime : new Date(heartbeatAt).toISOString()
  const fence = facts.report?.isOnline === true ? facts.report.fence : gatewayFence
  return {
    ...lasting,
    ...present('lastHeartbeatTime', heard),
    ...present('gatewayFence', lasting.gateway === undefined ? undefined : fence),
  }
}

/** All of the status but what only goes along. */
function renderLasting(object: ObjectOf<'Device'>, facts: DeviceFacts): DeviceStatus {
  const { report } = facts
  const before: DeviceStatus = object.status ?? {}
  return {
    ...present('observedGeneration', object.metadata.generation),
    ...present('conditions', renderConditions(object, facts)),
    ...present('executorVersion', report?.executorVersion ?? before.executorVersion),
    ...present('gateway', renderGateway(before.gateway, facts)),
    ...present('runtimes', renderRows(before.runtimes, facts)),
  }
}

/** While a device may still come back, its status names who had it: that one, or the leader, says so when it does not. */
function renderGateway(
  before: string | undefined,
  { report, isLost, gateway }: DeviceFacts,
): string | undefined {
  if (report?.isOnline === true) return gateway
  return report === undefined && !isLost && gateway !== undefined ? before : undefined
}

function renderConditions(object: ObjectOf<'Device'>, facts: DeviceFacts): DeviceStatus['conditions'] {
  const before = object.status?.conditions
  const online = onlineCondition(object, facts)
  return online === null ? before : setCondition(before ?? [], online, facts.now)
}

function onlineCondition(
  { metadata }: ObjectOf<'Device'>,
  { report, isLost }: DeviceFacts,
): NewCondition | null {
  const of = (status: 'True' | 'False', reason: string, message: string): NewCondition => ({
    type: 'Online',
    status,
    reason,
    message,
    ...present('observedGeneration', metadata.generation),
  })
  if (report?.isOnline === true)
    return of('True', 'HeartbeatReceived', 'The device is connected and sends heartbeats.')
  if (report !== undefined)
    return of('False', 'NoHeartbeat', 'No heartbeat came within 90 s on a live socket.')
  // After our own restart nothing is known of a device until it had time to come back.
  return isLost ? of('False', 'NotConnected', 'The device has not connected since the server started.') : null
}

function renderRows(before: DeviceStatus['runtimes'], facts: DeviceFacts): DeviceStatus['runtimes'] {
  const rows = [...facts.runtimes].flatMap((name) => {
    const row = renderRow(
      name,
      before?.find((row) => row.name === name),
      facts,
    )
    return row === null ? [] : [row]
  })
  if (rows.length === 0 && before === undefined) return undefined
  return rows.sort((left, right) => (left.name < right.name ? -1 : 1))
}

function renderRow(
  name: string,
  before: DeviceRuntime | undefined,
  { records, report, gateway }: DeviceFacts,
): DeviceRuntime | null {
  const record = records.get(name)
  const config = renderConfig(name, before, report)
  const row = record === undefined ? null : renderSync(before, { name, record, gateway })
  if (config === undefined) return row
  return { ...(row ?? { name, state: record?.decision?.state ?? 'Unknown' }), config }
}

function renderSync(
  before: DeviceRuntime | undefined,
  { name, record, gateway }: { name: string; record: SyncRecord; gateway: string | undefined },
): DeviceRuntime | null {
  if (record.decision !== null) {
    const row = toDeviceRow(name, record)
    // Another replica may have to sum up from it.
    return row === null || gateway === undefined ? row : { ...row, active: record.isActive }
  }
  // Written down before a restart and not looked at since: it stays as it is.
  if (before === undefined) return null
  const { config: _, ...row } = before
  return row
}

/** What a device that was not heard since we started said before stays true until it says something else. */
function renderConfig(
  name: string,
  before: DeviceRuntime | undefined,
  report: DeviceReport | undefined,
): DeviceRuntime['config'] {
  if (report === undefined || report.heartbeatCount === 0) return before?.config
  const layers = report.configs.get(name)
  if (layers === undefined) return undefined
  return {
    layers: layers.map(({ type, version }) =>
      version === null ? { type, unreadable: true } : { type, version },
    ),
  }
}

function present<K extends keyof DeviceStatus>(
  name: K,
  value: DeviceStatus[K] | undefined,
): Pick<DeviceStatus, K> | {} {
  return value === undefined ? {} : { [name]: value }
}
