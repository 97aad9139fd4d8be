import type { DeviceKey } from '#core/device-command.ts'
import type { DeviceReport, DeviceType, RuntimeFileReport } from '#core/device-report.ts'
import type { Registration } from '#protocol/register.ts'

import type { DeviceConnection } from './connection.ts'

/** A device that has registered since the process started. Only `Reports` changes it. */
export class KnownDevice {
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
    }
  }
}

const NOTHING_REPORTED: ReadonlyMap<string, RuntimeFileReport> = new Map()
