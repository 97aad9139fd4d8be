import type { Clock } from '#core/clock.ts'
import type { DeviceKey } from '#core/device-command.ts'
import { DROP_GRACE_MS, HEARTBEAT_TIMEOUT_MS, isDeviceOnline } from '#core/device-liveness.ts'
import type { DeviceReport } from '#core/device-report.ts'
import type { Registration } from '#protocol/register.ts'

import { observeConfigs } from './config-reports.ts'
import { type DeviceConnection, LiveDevice } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import { observeFiles } from './file-reports.ts'
import type { DeviceReports, ReportChange } from './ports.ts'

interface ReportsOptions {
  readonly clock: Clock
  /** Names of the registered runtimes, as of now. */
  readonly runtimes: () => Iterable<string>
  readonly devicesPerUser: number
  readonly rememberMs: number
}

/** What a heartbeat says, as it came. */
interface Said {
  readonly files: unknown
  readonly configs: unknown
}

/** Remembers what each device said last, and decides from its signs of life whether it is online. */
export class Reports implements DeviceReports {
  readonly #options: ReportsOptions
  readonly #users = new Map<string, Map<string, LiveDevice>>()
  readonly #listeners = new Set<(change: ReportChange) => void>()
  readonly #heartbeats: Deadlines<LiveDevice>
  readonly #drops: Deadlines<LiveDevice>
  readonly #memories: Deadlines<LiveDevice>
  #onlineCount = 0
  #returnSlot = 0

  constructor(options: ReportsOptions) {
    this.#options = options
    const settle = (device: LiveDevice) => this.#settle(device)
    this.#heartbeats = new Deadlines(options.clock, HEARTBEAT_TIMEOUT_MS, settle)
    this.#drops = new Deadlines(options.clock, DROP_GRACE_MS, settle)
    this.#memories = new Deadlines(options.clock, options.rememberMs, (device) => this.#forget(device))
  }

  /** How many devices are online. */
  get onlineCount(): number {
    return this.#onlineCount
  }

  /** The device itself, for those who speak to it. */
  find(key: DeviceKey): LiveDevice | undefined {
    return this.#users.get(key.namespace)?.get(key.deviceId)
  }

  get(key: DeviceKey): DeviceReport | undefined {
    return this.find(key)?.toReport()
  }

  list(namespace: string): readonly DeviceReport[] {
    return [...(this.#users.get(namespace)?.values() ?? [])].map((device) => device.toReport())
  }

  /** Every device with a socket. */
  *connected(): Generator<LiveDevice> {
    for (const devices of this.#users.values()) {
      for (const device of devices.values()) if (device.connection !== null) yield device
    }
  }

  /**
   * Gives a device its turn to come back once its connection breaks: one each millisecond, round the whole fleet, so that ten
   * thousand devices take ten seconds and one device waits for nothing.
   */
  nextReturnSlotMs(): number {
    this.#returnSlot = (this.#returnSlot + 1) % Math.max(1, this.#onlineCount)
    return this.#returnSlot
  }

  onChange(listener: (change: ReportChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  awaitHeartbeat(key: DeviceKey, runtime: string): void {
    const device = this.find(key)
    if (device !== undefined) (device.awaited ??= new Set()).add(runtime)
  }

  /**
   * Makes the connection speak for its device; whichever did before is stale from now on.
   *
   * @returns `null` when the user has too many devices online
   */
  register(connection: DeviceConnection, registration: Registration): LiveDevice | null {
    const { namespace } = connection.principal.user
    const devices = this.#users.get(namespace) ?? new Map<string, LiveDevice>()
    const known = devices.get(registration.deviceId)
    if (known === undefined && !this.#makeRoom(devices)) return null
    const device = known ?? new LiveDevice({ namespace, deviceId: registration.deviceId })
    if (device.connection !== connection) device.connection?.abandon()
    device.connection = connection
    device.droppedAt = null
    this.#drops.drop(device)
    this.#memories.drop(device)
    const isNews = device.describe(registration) || known === undefined
    devices.set(registration.deviceId, device)
    this.#users.set(namespace, devices)
    if (isNews) this.#emit(device, 'registered', NO_RUNTIMES)
    return device
  }

  /** Takes in a heartbeat. Nothing but a number changes when it says what the one before said. */
  heartbeat(device: LiveDevice, { files, configs }: Said): void {
    const { clock, runtimes } = this.#options
    device.lastHeartbeatAt = clock.now()
    device.heartbeatAt = clock.monotonic()
    device.heartbeatCount += 1
    this.#heartbeats.touch(device)
    const change = observeFiles(files, runtimes(), device.runtimes)
    if (change !== null) device.runtimes = change.reports
    const layers = observeConfigs(configs, runtimes(), device.configs)
    if (layers !== null) device.configs = layers
    const news = withAwaited(device, change?.changed ?? NO_RUNTIMES)
    if (!device.isOnline) this.#bringOnline(device, news)
    else if (news.length > 0) this.#emit(device, 'runtimes', news)
    if (layers !== null) this.#emit(device, 'layers', NO_RUNTIMES)
  }

  /** The connection no longer speaks for the device: it has the grace to come back. */
  drop(device: LiveDevice, connection: DeviceConnection): void {
    connection.abandon()
    if (device.connection !== connection) return
    device.connection = null
    device.droppedAt = this.#options.clock.monotonic()
    this.#drops.touch(device)
    this.#memories.touch(device)
  }

  release(key: DeviceKey): void {
    const device = this.find(key)
    if (device === undefined || device.connection !== null) return
    // Whoever listens must not take it for one that went offline: nothing is said.
    if (device.isOnline) this.#onlineCount -= 1
    device.isOnline = false
    this.#forget(device)
  }

  /** Stops all timers; what is known stays readable. */
  close(): void {
    this.#heartbeats.clear()
    this.#drops.clear()
    this.#memories.clear()
  }

  #bringOnline(device: LiveDevice, news: readonly string[]): void {
    device.isOnline = true
    this.#onlineCount += 1
    this.#emit(device, 'online', news)
  }

  #settle(device: LiveDevice): void {
    if (!device.isOnline || isDeviceOnline(this.#signsOf(device))) return
    device.isOnline = false
    this.#onlineCount -= 1
    this.#emit(device, 'offline', NO_RUNTIMES)
  }

  #signsOf(device: LiveDevice) {
    const now = this.#options.clock.monotonic()
    return {
      sinceHeartbeatMs: device.heartbeatAt === null ? null : now - device.heartbeatAt,
      sinceDropMs: device.droppedAt === null ? null : now - device.droppedAt,
    }
  }

  // One user's fleet must not fill the memory of all: whoever is offline longest is forgotten first.
  #makeRoom(devices: Map<string, LiveDevice>): boolean {
    if (devices.size < this.#options.devicesPerUser) return true
    let oldest: LiveDevice | null = null
    for (const device of devices.values()) {
      if (device.droppedAt === null || device.isOnline) continue
      if (oldest?.droppedAt == null || device.droppedAt < oldest.droppedAt) oldest = device
    }
    if (oldest !== null) this.#forget(oldest)
    return oldest !== null
  }

  #forget(device: LiveDevice): void {
    this.#heartbeats.drop(device)
    this.#drops.drop(device)
    this.#memories.drop(device)
    const devices = this.#users.get(device.key.namespace)
    devices?.delete(device.key.deviceId)
    if (devices?.size === 0) this.#users.delete(device.key.namespace)
  }

  #emit(device: LiveDevice, kind: ReportChange['kind'], runtimes: readonly string[]): void {
    for (const listener of this.#listeners) listener({ device: device.key, kind, runtimes })
  }
}

const NO_RUNTIMES: readonly string[] = []

function withAwaited(device: LiveDevice, changed: readonly string[]): readonly string[] {
  if (device.awaited === null) return changed
  const news = new Set([...changed, ...device.awaited])
  device.awaited = null
  return [...news]
}
