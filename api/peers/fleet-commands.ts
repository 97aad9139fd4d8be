import type { DeviceCommands, DeviceDirectory, ObjectCache } from '#api/ports.ts'
import type { CommandResult, DeviceCommand, DeviceKey } from '#core/device-command.ts'
import { deviceNameOf } from '#core/device-name.ts'
import type { DeviceReport } from '#core/device-report.ts'
import { isAppError } from '#core/errors.ts'
import type { ObjectOf } from '#crds/kinds.ts'

import type { PeerClient } from './peer-client.ts'

/** Where devices are, and the ways to them. */
export interface FleetDeps {
  /** Name of this replica. */
  readonly replica: string
  readonly directory: Pick<DeviceDirectory, 'get'>
  readonly devices: Pick<ObjectCache<'Device'>, 'get'>
  readonly peers: Pick<PeerClient, 'send'>
}

/**
 * Sends commands to devices wherever they are connected: here, or through the replica that `Device.status.gateway` names.
 *
 * Rejects as `local` does, with `DEVICE_OFFLINE` when the other replica is gone. A device that moved meanwhile is asked for
 * once more where it is then: a command that was refused because it is not there was not carried out.
 */
export function fleetCommands(local: DeviceCommands, deps: FleetDeps): DeviceCommands {
  const sendVia = (holder: string, device: DeviceKey, command: DeviceCommand): Promise<CommandResult> =>
    holder === deps.replica ? local.send(device, command) : deps.peers.send(holder, device, command)
  return {
    send: async (device, command) => {
      const holder = holderOf(device, deps)
      try {
        return await sendVia(holder, device, command)
      } catch (error) {
        const now = holderOf(device, deps)
        if (!isAppError(error, 'DEVICE_OFFLINE') || now === holder) throw error
        return sendVia(now, device, command)
      }
    },
  }
}

/** A device that nobody holds is asked for here, where nobody finds it. */
function holderOf(device: DeviceKey, { directory, devices, replica }: FleetDeps): string {
  const report = directory.get(device)
  const object = devices.get({ namespace: device.namespace, name: deviceNameOf(device.deviceId) })
  const status = object?.spec.deviceId === device.deviceId ? object.status : undefined
  if (report?.isOnline === true && !wentElsewhere(report, status)) return replica
  return status?.gateway ?? replica
}

/** It drew a later number for its connection to another replica: our socket is dead, though nothing said so yet. */
function wentElsewhere({ fence }: DeviceReport, status: ObjectOf<'Device'>['status']): boolean {
  return fence !== undefined && status?.gatewayFence !== undefined && status.gatewayFence > fence
}
