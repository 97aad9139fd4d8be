import type { ApiContext } from '#api/deps.ts'
import { deviceNameOf } from '#core/device-name.ts'
import type { DeviceReport } from '#core/device-report.ts'
import { AppError } from '#core/errors.ts'
import type { ObjectOf } from '#crds/kinds.ts'

/** A device of a user: what it says now, what is written down of it, or both; never neither. */
export type KnownDevice = { readonly deviceId: string } & (
  | { readonly report: DeviceReport; readonly object: ObjectOf<'Device'> | undefined }
  | { readonly report: undefined; readonly object: ObjectOf<'Device'> }
)

/** Finds a device of this user. Another user's is as unknown as one that does not exist. Rejects with `DEVICE_UNKNOWN`. */
export async function requireDevice(
  api: ApiContext,
  namespace: string,
  deviceId: string,
): Promise<KnownDevice> {
  const report = api.directory.get({ namespace, deviceId })
  const stored = await api.memory.device({ namespace, name: deviceNameOf(deviceId) })
  const [device] = join(deviceId, report, stored?.spec.deviceId === deviceId ? stored : undefined)
  if (device !== undefined) return device
  throw new AppError('DEVICE_UNKNOWN', 'Device not found or access denied')
}

/** Lists a user's devices, ordered by id. */
export async function listDevices(api: ApiContext, namespace: string): Promise<readonly KnownDevice[]> {
  const stored = await api.memory.devices(namespace)
  const objects = new Map(stored.map((object) => [object.spec.deviceId, object]))
  const reports = new Map(api.directory.list(namespace).map((report) => [report.deviceId, report]))
  const ids = [...new Set([...objects.keys(), ...reports.keys()])].sort()
  return ids.flatMap((deviceId) => join(deviceId, reports.get(deviceId), objects.get(deviceId)))
}

function join(
  deviceId: string,
  report: DeviceReport | undefined,
  object: ObjectOf<'Device'> | undefined,
): readonly KnownDevice[] {
  if (report !== undefined) return [{ deviceId, report, object }]
  return object === undefined ? [] : [{ deviceId, report, object }]
}
