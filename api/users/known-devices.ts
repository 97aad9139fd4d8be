import type { ApiContext } from '#api/deps.ts'
import { deviceNameOf } from '#core/device-name.ts'
import type { DeviceReport } from '#core/device-report.ts'
import { AppError } from '#core/errors.ts'
import { isConditionTrue } from '#crds/conditions.ts'
import type { ObjectOf } from '#crds/kinds.ts'

/**
 * A device of a user: what it says here, what is written down of it, or both; never neither. Of a device whose socket another
 * replica holds only what is written down counts.
 */
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
  const object = stored?.spec.deviceId === deviceId ? stored : undefined
  const [device] = join({ deviceId, report, object }, api)
  if (device !== undefined) return device
  throw new AppError('DEVICE_UNKNOWN', 'Device not found or access denied')
}

/** Lists a user's devices, ordered by id. */
export async function listDevices(api: ApiContext, namespace: string): Promise<readonly KnownDevice[]> {
  const stored = await api.memory.devices(namespace)
  const objects = new Map(stored.map((object) => [object.spec.deviceId, object]))
  const reports = new Map(api.directory.list(namespace).map((report) => [report.deviceId, report]))
  const ids = [...new Set([...objects.keys(), ...reports.keys()])].sort()
  return ids.flatMap((deviceId) =>
    join({ deviceId, report: reports.get(deviceId), object: objects.get(deviceId) }, api),
  )
}

/** Tells whether a device is connected, here or to another replica. */
export function isOnline({ report, object }: KnownDevice): boolean {
  return report === undefined ? isConditionTrue(object.status?.conditions, 'Online') : report.isOnline
}

interface Known {
  readonly deviceId: string
  readonly report: DeviceReport | undefined
  readonly object: ObjectOf<'Device'> | undefined
}

function join({ deviceId, report, object }: Known, api: ApiContext): readonly KnownDevice[] {
  if (report !== undefined && (report.isOnline || object === undefined || !isElsewhere(object, api)))
    return [{ deviceId, report, object }]
  return object === undefined ? [] : [{ deviceId, report: undefined, object }]
}

// It was here and went there: what it said here last is older than what is written down.
function isElsewhere({ status }: ObjectOf<'Device'>, { replica }: ApiContext): boolean {
  return replica !== undefined && status?.gateway !== undefined && status.gateway !== replica
}
