import { deviceNameOf } from '#core/device-name.ts'
import { isAppError } from '#core/errors.ts'
import { findCondition, isConditionTrue } from '#crds/conditions.ts'
import type { ObjectOf } from '#crds/kinds.ts'

import type { DeviceDeps } from './reconcile.ts'

/** How long a device that is not seen any more is remembered (spec 05). */
const FORGET_AFTER_MS = 30 * 24 * 60 * 60_000

/** Deletes the objects of devices that were not seen for 30 days. A device that comes back is made anew. */
export async function collectDevices(deps: DeviceDeps): Promise<void> {
  const before = deps.clock.now() - FORGET_AFTER_MS
  for (const device of deps.cache.list('Device')) {
    if (isInUse(device, deps) || lastSeenAt(device) > before) continue
    await remove(device, deps)
  }
}

/** Whoever has a device says so here, or in its status; that nobody has it any more is written first. */
function isInUse(
  { metadata: { namespace = '' }, spec: { deviceId }, status }: ObjectOf<'Device'>,
  deps: DeviceDeps,
): boolean {
  return (
    isConditionTrue(status?.conditions, 'Online') || deps.reports.get({ namespace, deviceId }) !== undefined
  )
}

/**
 * An idle device writes no heartbeat for weeks; that it went offline is written when it does. The later of the two counts.
 */
function lastSeenAt({ metadata, status }: ObjectOf<'Device'>): number {
  const times = [
    metadata.creationTimestamp,
    status?.lastHeartbeatTime,
    findCondition(status?.conditions, 'Online')?.lastTransitionTime,
  ]
  return Math.max(...times.map((time) => (time === undefined ? 0 : Date.parse(time))))
}

async function remove(device: ObjectOf<'Device'>, { store, logger }: DeviceDeps): Promise<void> {
  const { namespace = '', resourceVersion } = device.metadata
  const name = deviceNameOf(device.spec.deviceId)
  try {
    const preconditions = resourceVersion === undefined ? {} : { resourceVersion }
    await store.delete('Device', { namespace, name }, { preconditions })
    logger.info({ device: device.spec.deviceId, namespace }, 'device forgotten, not seen for 30 days')
  } catch (error) {
    // It changed or went just now: the next round looks at it again.
    if (!isAppError(error, 'CONFLICT') && !isAppError(error, 'NOT_FOUND')) throw error
  }
}
