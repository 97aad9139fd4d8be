import type { Workqueue } from '#controller/workqueue.ts'
import { isConditionTrue } from '#crds/conditions.ts'

import { type DeviceDeps, RETURN_GRACE_MS, toDeviceText } from './reconcile.ts'

/** A status tells what became of a change, not every step of it: what changes within this time is one write. */
const STATUS_DELAY_MS = 250

const DAY_MS = 24 * 60 * 60_000

/** Queues devices whose object or status may have to be written. Returns how to stop. */
export function watchDevices(deps: DeviceDeps, queue: Workqueue): () => void {
  const { cache, reports, clock } = deps
  let cancelDaily = () => {}
  const daily = () => {
    cancelDaily = clock.after(DAY_MS, daily)
    queue.add(COLLECT, 'resync')
  }
  daily()
  const stops = [
    reports.onChange(({ device, kind }) => {
      if (kind !== 'runtimes') queue.addAfter(toDeviceText(device), STATUS_DELAY_MS, 'device')
    }),
    cache.onChange('Device', ({ type, object, previous }) => {
      const { namespace = '', generation } = object.metadata
      const device = { namespace, deviceId: object.spec.deviceId }
      const isSpecNews = type === 'DELETED' || generation !== previous?.metadata.generation
      // Whoever deletes a device that is connected gets it back: it is there.
      if (isSpecNews && reports.get(device)) queue.addAfter(toDeviceText(device), STATUS_DELAY_MS, 'resync')
    }),
    clock.after(RETURN_GRACE_MS, () => queueLost(deps, queue)),
    () => cancelDaily(),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

/** The key under which the daily clean-up waits its turn. No namespace is empty. */
const COLLECT = '/collect'

/** Handles the keys of this controller that name no device. */
export function isCollect(text: string): boolean {
  return text === COLLECT
}

/** Devices that were online when the process before us ended, and did not come back. */
function queueLost({ cache, reports }: DeviceDeps, queue: Workqueue): void {
  for (const { metadata, spec, status } of cache.list('Device')) {
    const device = { namespace: metadata.namespace ?? '', deviceId: spec.deviceId }
    if (isConditionTrue(status?.conditions, 'Online') && reports.get(device) === undefined) {
      queue.add(toDeviceText(device), 'resync')
    }
  }
}
