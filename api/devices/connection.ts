import type { Socket } from 'socket.io'

import type { Principal } from '#api/principal.ts'
import type { DeviceKey } from '#core/device-command.ts'
import type { DeviceReport, DeviceType, RuntimeFileReport } from '#core/device-report.ts'
import type { Registration } from '#protocol/register.ts'

import type { ConfigReports } from './config-reports.ts'
import { type Rate, spend } from './limits.ts'

/** Something that waits for an answer over a connection. */
export interface Waiting {
  /** The connection is gone, or no longer speaks for the device. */
  abandon(): void
}

/** One joined socket: who it is, which device it speaks for, and how much it has said lately. */
export class DeviceConnection {
  readonly socket: Socket
  readonly principal: Principal
  /** What it registered as last. Another connection may speak for that device by now. */
  device: LiveDevice | null = null
  /** Of its last registration; `null`: that had none. Every command over this connection carries it. */
  fence: number | null = null
  inHand: Waiting | null = null
  refusedEvents = 0
  #eventsState = 0

  constructor(socket: Socket, principal: Principal) {
    this.socket = socket
    this.principal = principal
  }

  /** Counts an event; `false` when there are too many. */
  spendEvent(rate: Rate, nowMs: number): boolean {
    const next = spend(rate, this.#eventsState, { nowMs, cost: 1 })
    if (next === null) return false
    this.#eventsState = next
    return true
  }

  /** Gives up on whatever waits for an answer here. */
  abandon(): void {
    this.inHand?.abandon()
  }

  /** Says that it is over, and closes. The device does not come back by itself. */
  dismiss(): void {
    this.socket.disconnect(true)
  }
}

/** A device that has registered since the process started, and the connection that speaks for it. Only `Reports` changes it. */
export class LiveDevice {
  readonly key: DeviceKey
  /** Only the socket that registered last speaks for the device; `null`: it went away. */
  connection: DeviceConnection | null = null
  displayName = ''
  deviceType: DeviceType = 'remote'
  executorVersion: string | null = null
  isOurAgent = false
  isOnline = false
  /** Epoch ms, for people. */
  lastHeartbeatAt: number | null = null
  /** Monotonic ms, for durations. */
  heartbeatAt: number | null = null
  droppedAt: number | null = null
  heartbeatCount = 0
  runtimes: ReadonlyMap<string, RuntimeFileReport> = NOTHING_REPORTED
  configs: ConfigReports = NO_CONFIGS
  /** Runtimes whose next report counts as a change whatever it says. */
  awaited: Set<string> | null = null

  constructor(key: DeviceKey) {
    this.key = key
  }

  /** Takes over how the device describes itself; tells whether that is news. */
  describe(registration: Registration): boolean {
    const isSame =
      this.displayName === registration.name &&
      this.deviceType === registration.deviceType &&
      this.executorVersion === registration.executorVersion &&
      this.isOurAgent === registration.isOurAgent
    this.displayName = registration.name
    this.deviceType = registration.deviceType
    this.executorVersion = registration.executorVersion
    this.isOurAgent = registration.isOurAgent
    return !isSame
  }

  /** A copy that later heartbeats do not change. */
  toReport(): DeviceReport {
    return {
      ...this.key,
      displayName: this.displayName,
      deviceType: this.deviceType,
      executorVersion: this.executorVersion,
      isOurAgent: this.isOurAgent,
      isOnline: this.isOnline,
      lastHeartbeatAt: this.lastHeartbeatAt,
      heartbeatCount: this.heartbeatCount,
      runtimes: this.runtimes,
      configs: this.configs,
      ...(this.connection?.fence != null && { fence: this.connection.fence }),
    }
  }
}

const NO_CONFIGS: ConfigReports = new Map()
const NOTHING_REPORTED: ReadonlyMap<string, RuntimeFileReport> = new Map()
