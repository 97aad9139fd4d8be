import type { SyncRecords } from '#controller/auth-sync/records.ts'
import { ALONE, type Leadership } from '#controller/leadership.ts'
import type { DeviceReports, ObjectCache, ReplicaDirectory, ReportChange } from '#controller/ports.ts'
import type { Clock } from '#core/clock.ts'
import type { DeviceKey } from '#core/device-command.ts'
import { deviceNameOf } from '#core/device-name.ts'
import { type DeviceHolding, type DeviceStanding, standingOf } from '#core/device-ownership.ts'
import type { DeviceReport } from '#core/device-report.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { CacheChange } from '#store/kind-cache.ts'

/** What telling whose a device is stands on. */
export interface OwnershipDeps {
  readonly cache: ObjectCache
  /** As the sockets have it, contested devices online. */
  readonly reports: DeviceReports
  readonly records: Pick<SyncRecords, 'drop' | 'refresh'>
  /** Whether a command is on its way; what is remembered of it then is newer than any status. */
  readonly isInFlight: (device: DeviceKey, runtime: string) => boolean
  readonly clock: Clock
  /** Name of this replica; absent: there is only one, and every device is its own. */
  readonly gateway?: string
  readonly replicas?: ReplicaDirectory
  readonly leadership?: Leadership
}

type Device = ObjectOf<'Device'>

/** How long a device may take to come back, after our own restart or its replica's end, before it counts as offline. */
export const RETURN_GRACE_MS = 120_000

/**
 * Knows which devices are this replica's, from what their status says and from the heartbeats that come here. Devices move
 * without telling anybody: who reads in a status that another replica has a device gives it up, or, with a socket that seems
 * alive, waits for a heartbeat on it that is newer than the news.
 */
export class DeviceOwnership {
  readonly #deps: OwnershipDeps
  /** How many heartbeats had come when another replica took a device we hold a socket of, by device. */
  readonly #overtaken = new Map<string, number>()
  /** When a replica was found gone, monotonic ms, by name. */
  readonly #goneSince = new Map<string, number>()

  constructor(deps: OwnershipDeps) {
    this.#deps = deps
  }

  /** Whose the device is, as far as memory tells. */
  standingOf(device: DeviceKey): DeviceStanding {
    return this.#judge(device, this.#objectOf(device))
  }

  /**
   * Whether the status of an object as it was just read may be written. What another replica wrote is only replaced by who has
   * seen it and decided that the device is its own all the same.
   */
  mayWrite(device: DeviceKey, fresh: Device): boolean {
    const { gateway } = this.#deps
    if (gateway === undefined) return true
    const holder = fresh.status?.gateway
    const isNews = fresh.metadata.resourceVersion !== this.#objectOf(device)?.metadata.resourceVersion
    if (holder !== undefined && holder !== gateway && isNews) return false
    return this.#judge(device, fresh) === 'ours'
  }

  /** What the sockets tell, without devices that another replica seems to hold: they are offline until heard again. */
  reports(): DeviceReports {
    const { reports, gateway } = this.#deps
    if (gateway === undefined) return reports
    const seen = (report: DeviceReport) =>
      this.#isOvertaken(report) ? { ...report, isOnline: false } : report
    return {
      get: (device) => {
        const report = reports.get(device)
        return report && seen(report)
      },
      list: (namespace) => reports.list(namespace).map(seen),
      onChange: (listener) => reports.onChange(listener),
      awaitHeartbeat: (device, runtime) => reports.awaitHeartbeat(device, runtime),
      release: (device) => reports.release(device),
    }
  }

  /** Forgets what is known of a device that is another replica's: its status is what is true when it comes back. */
  release(device: DeviceKey): void {
    this.#deps.reports.release(device)
    this.#overtaken.delete(nameOf(device))
    this.#deps.records.drop(device)
  }

  /** Tells whether a device that nobody heard of had the time to come back. */
  isLost({ status }: Device, startedAt: number): boolean {
    const { gateway, clock } = this.#deps
    const holder = status?.gateway
    const isOthers = gateway !== undefined && holder !== undefined && holder !== gateway
    const since = isOthers ? this.#goneSince.get(holder) : startedAt
    return since !== undefined && clock.monotonic() - since >= RETURN_GRACE_MS
  }

  /** Looks which of the replicas that hold devices are gone. */
  lookForGone(): void {
    const { cache, replicas, clock, gateway } = this.#deps
    if (replicas === undefined) return
    const holders = new Set(cache.list('Device').flatMap(({ status }) => status?.gateway ?? []))
    const gone = [...holders].filter((holder) => holder !== gateway && !replicas.isAlive(holder))
    for (const name of this.#goneSince.keys()) if (!gone.includes(name)) this.#goneSince.delete(name)
    for (const name of gone) {
      if (!this.#goneSince.has(name)) this.#goneSince.set(name, clock.monotonic())
    }
  }

  /**
   * Takes in what a device's status says now, before anybody else acts on it. Gives whether another replica says something
   * of a device that is known here: it has it, or nobody has.
   */
  onObject(change: CacheChange<'Device'>): boolean {
    const { gateway, reports } = this.#deps
    if (gateway === undefined) return false
    const device = keyOf(change.object)
    const report = reports.get(device)
    const holder = holderOf(change)
    if (holder === undefined || holder === gateway) {
      this.#overtaken.delete(nameOf(device))
      return isTakenForLost(report, change)
    }
    const isMoved = holder !== change.previous?.status?.gateway
    if (report !== undefined && isMoved && !isNewer(report, change.object)) this.#overtake(device, report)
    this.#refreshRecords(device)
    return report !== undefined
  }

  /** Takes in what a device says, before anybody else acts on it. Gives whether it is ours again. */
  onReport({ device }: ReportChange): boolean {
    const name = nameOf(device)
    const count = this.#overtaken.get(name)
    const report = this.#deps.reports.get(device)
    if (count === undefined || report === undefined || report.heartbeatCount <= count) return false
    this.#overtaken.delete(name)
    // Another replica may have done anything to it meanwhile; its status tells.
    this.#refreshRecords(device)
    return true
  }

  #overtake(device: DeviceKey, { heartbeatCount }: DeviceReport): void {
    const { cache, reports } = this.#deps
    this.#overtaken.set(nameOf(device), heartbeatCount)
    for (const { metadata } of cache.list('Runtime')) reports.awaitHeartbeat(device, metadata.name)
  }

  #isOvertaken(report: DeviceReport): boolean {
    const count = this.#overtaken.get(nameOf(report))
    return count !== undefined && report.heartbeatCount <= count
  }

  #refreshRecords(device: DeviceKey): void {
    const { records, isInFlight } = this.#deps
    records.refresh(device, (runtime) => isInFlight(device, runtime))
  }

  #judge(device: DeviceKey, object: Device | undefined): DeviceStanding {
    const { gateway: self, leadership = ALONE, reports } = this.#deps
    if (self === undefined) return 'ours'
    const holder = object?.status?.gateway ?? null
    const report = reports.get(device)
    return standingOf({
      self,
      holder,
      isHolderAlive: this.#isAlive(holder),
      here: hereOf(report),
      isOvertaken: report !== undefined && this.#isOvertaken(report),
      wasHeardElsewhere: report !== undefined && heardAt(object) > (report.lastHeartbeatAt ?? 0),
      isLeader: leadership.isLeader,
    })
  }

  #isAlive(holder: string | null): boolean {
    const { replicas } = this.#deps
    return holder === null || replicas === undefined || replicas.isAlive(holder)
  }

  #objectOf({ namespace, deviceId }: DeviceKey): Device | undefined {
    const object = this.#deps.cache.get('Device', { namespace, name: deviceNameOf(deviceId) })
    return object?.spec.deviceId === deviceId ? object : undefined
  }
}

function keyOf({ metadata, spec }: Device): DeviceKey {
  return { namespace: metadata.namespace ?? '', deviceId: spec.deviceId }
}

function nameOf({ namespace, deviceId }: DeviceKey): string {
  return `${namespace}/${deviceId}`
}

/** Who has the device now; of a deleted object nobody says so any more. */
function holderOf({ type, object }: CacheChange<'Device'>): string | undefined {
  return type === 'DELETED' ? undefined : object.status?.gateway
}

/** The device drew the number of our connection after that of the other's: where it went last is known without waiting. */
function isNewer({ fence }: DeviceReport, { status }: Device): boolean {
  return fence !== undefined && status?.gatewayFence !== undefined && fence > status.gatewayFence
}

/** It speaks to us, and somebody wrote that nobody has it. */
function isTakenForLost(report: DeviceReport | undefined, change: CacheChange<'Device'>): boolean {
  const wasHeld = change.previous?.status?.gateway !== undefined
  return report?.isOnline === true && wasHeld && holderOf(change) === undefined
}

function hereOf(report: DeviceReport | undefined): DeviceHolding['here'] {
  if (report === undefined) return 'unknown'
  return report.isOnline ? 'online' : 'offline'
}

/** Epoch ms of the heartbeat in a status; we never write one that is later than the last we heard. */
function heardAt(object: Device | undefined): number {
  const time = object?.status?.lastHeartbeatTime
  return time === undefined ? 0 : Date.parse(time)
}
