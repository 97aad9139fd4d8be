import type { Logger } from '#api/logger.ts'
import { agentRuntimeOf, type Runtime } from '#core/runtimes.ts'
import { parseRegister } from '#protocol/register.ts'
import type { DeviceKeys } from '#secrets/device-key.ts'

import type { DeviceConnection, LiveDevice } from './connection.ts'
import type { DeviceMetrics } from './metrics.ts'
import type { Reports } from './reports.ts'

/** What a registration needs. */
export interface RegisterDeps {
  readonly reports: Reports
  readonly deviceKeys: DeviceKeys
  readonly runtimes: () => readonly Runtime[]
  readonly metrics: DeviceMetrics
  readonly logger: Logger
}

/** Answers `device:register`: the connection speaks for the device from now on, or the answer says why not. */
export function registerDevice(connection: DeviceConnection, payload: unknown, deps: RegisterDeps): object {
  const parsed = parseRegister(payload)
  if (parsed.registration === null) return { error: `Invalid payload: ${parsed.reason}` }
  const { registration } = parsed
  const { principal } = connection
  if (principal.deviceId !== null && principal.deviceId !== registration.deviceId) {
    const { deviceId } = principal
    const advice = `start the agent with --device-id ${deviceId}, or make a token for this device`
    return {
      error: `Invalid payload: device_id: this token belongs to another device, ${deviceId}; ${advice}`,
    }
  }
  const device = deps.reports.register(connection, registration)
  if (device === null) {
    deps.metrics.countRefused('devices')
    return { error: 'Too many devices: disconnect one that is not needed any more' }
  }
  if (connection.device !== null && connection.device !== device) {
    deps.reports.drop(connection.device, connection)
  }
  connection.device = device
  connection.fence = device.isOurAgent ? registration.fence : null
  deps.logger.debug({ user: principal.user.id, device: registration.deviceId }, 'device registered')
  return { success: true, device_id: registration.deviceId, ...agentPart(device, connection, deps) }
}

/** Gives what `device:runtimes` and the register answer tell our agents. */
export function toRuntimesPayload(runtimes: readonly Runtime[]): object {
  return { runtimes: runtimes.map(agentRuntimeOf) }
}

function agentPart(
  device: LiveDevice,
  { fence }: DeviceConnection,
  { deviceKeys, runtimes, reports }: RegisterDeps,
): object {
  if (!device.isOurAgent) return {}
  return {
    digest_key: deviceKeys.deviceKey(device.key).open(),
    ...toRuntimesPayload(runtimes()),
    retry_after_ms: reports.nextReturnSlotMs(),
    ...(fence !== null && { fence }),
  }
}
