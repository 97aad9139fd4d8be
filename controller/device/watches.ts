import type { ReplicaDirectory } from '#controller/ports.ts'
import type { Workqueue } from '#controller/workqueue.ts'
import type { CancelTimer, Clock } from '#core/clock.ts'
import type { DeviceKey } from '#core/device-command.ts'
import { isConditionTrue } from '#crds/conditions.ts'

import { RETURN_GRACE_MS } from './ownership.ts'
import { type DeviceDeps, toDeviceText } from './reconcile.ts'

/** A status tells what became of a change, not every step of it: what changes within this time is one write. */
const STATUS_DELAY_MS = 250

/** Timers may fire a moment early. */
const MARGIN_MS = 1_000

const DAY_MS = 24 * 60 * 60_000

/** How often the replicas that hold devices are looked at. */
const LOOK_MS = 30_000

/** What following devices stands on. */
export interface DeviceWatchDeps extends DeviceDeps {
  readonly replicas?: ReplicaDirectory
  /** Another replica gave a device up to us, or it came back: what is to be done to it is decided anew. */
  readonly onRegained: (device: DeviceKey) => void
}

/**
 * Queues devices whose object or status may have to be written, and keeps track of whose they are. To be called before anybody
 * else follows devices. Returns how to stop.
 */
export function watchDevices(deps: DeviceWatchDeps, queue: Workqueue): () => void {
  const { cache, reports, clock, ownership, onRegained } = deps
  const stops = [
    reports.onChange((change) => {
      const { device, kind } = change
      const isRegained = ownership.onReport(change)
      if (isRegained) onRegained(device)
      if (isRegained || kind !== 'runtimes') queue.addAfter(toDeviceText(device), STATUS_DELAY_MS, 'device')
    }),
    cache.onChange('Device', (change) => {
      const { type, object, previous } = change
      const { namespace = '', generation } = object.metadata
      const device = { namespace, deviceId: object.spec.deviceId }
      const isOthers = ownership.onObject(change)
      if (isOthers && ownership.standingOf(device) === 'ours') onRegained(device)
      const isSpecNews = type === 'DELETED' || generation !== previous?.metadata.generation
      // Whoever deletes a device that is connected gets it back: it is there.
      if (isOthers || (isSpecNews && reports.get(device)))
        queue.addAfter(toDeviceText(device), STATUS_DELAY_MS, 'resync')
    }),
    clock.after(RETURN_GRACE_MS + MARGIN_MS, () => queueLost(deps, queue)),
    watchReplicas(deps, queue),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

/** Devices of replicas that are gone are looked at when they had the time to come back. */
function watchReplicas(deps: DeviceWatchDeps, queue: Workqueue): () => void {
  const { replicas, clock, ownership } = deps
  if (replicas === undefined) return () => undefined
  const look = () => {
    ownership.lookForGone()
    queueLost(deps, queue)
  }
  const stops = [replicas.onChange(look), every(LOOK_MS, look, clock)]
  return () => {
    for (const stop of stops) stop()
  }
}

/** Queues the clean-up, at once and daily; for who leads. Returns how to stop. */
export function watchForgotten({ clock }: Pick<DeviceDeps, 'clock'>, queue: Workqueue): () => void {
  queue.add(COLLECT, 'resync')
  return every(DAY_MS, () => queue.add(COLLECT, 'resync'), clock)
}

function every(periodMs: number, task: () => void, clock: Clock): CancelTimer {
  let cancel: CancelTimer = () => undefined
  const next = () => {
    cancel = clock.after(periodMs, () => {
      next()
      task()
    })
  }
  next()
  return () => cancel()
}

/** The key under which the daily clean-up waits its turn. No namespace is empty. */
const COLLECT = '/collect'

/** Handles the keys of this controller that name no device. */
export function isCollect(text: string): boolean {
  return text === COLLECT
}

/** Devices that were online when the process that had them ended, and did not come back. */
function queueLost({ cache, reports, ownership, started }: DeviceDeps, queue: Workqueue): void {
  for (const object of cache.list('Device')) {
    const device = { namespace: object.metadata.namespace ?? '', deviceId: object.spec.deviceId }
    const isLost =
      isConditionTrue(object.status?.conditions, 'Online') &&
      reports.get(device) === undefined &&
      ownership.isLost(object, started.at) &&
      ownership.standingOf(device) === 'ours'
    if (isLost) queue.add(toDeviceText(device), 'resync')
  }
}
