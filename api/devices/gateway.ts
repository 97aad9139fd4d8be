import type { Server as HttpServer } from 'node:http'

import type { Registry } from 'prom-client'
import type { Server, Socket } from 'socket.io'

import type { Logger } from '#api/logger.ts'
import type { DeviceCommands } from '#api/ports.ts'
import type { Principal } from '#api/principal.ts'
import type { Clock } from '#core/clock.ts'
import type { Runtime } from '#core/runtimes.ts'
import { DEVICE_EVENTS } from '#protocol/register.ts'
import type { DeviceKeys } from '#secrets/device-key.ts'

import { Admission } from './admission.ts'
import { CommandChannel } from './channel.ts'
import { DeviceConnection } from './connection.ts'
import { type EventDeps, handleEvent } from './events.ts'
import { DEFAULT_DEVICE_LIMITS, type DeviceLimits } from './limits.ts'
import { createDeviceMetrics } from './metrics.ts'
import type { DeviceAuthenticator, DeviceReports } from './ports.ts'
import { toRuntimesPayload } from './register.ts'
import { Reports } from './reports.ts'
import { closeSockets, openSockets } from './socket.ts'
import { TokenWatch } from './token-watch.ts'

/** What the device channel is built from. */
export interface DeviceGatewayDeps {
  readonly authenticator: DeviceAuthenticator
  readonly deviceKeys: DeviceKeys
  /** The registered runtimes, as of now; asked at every heartbeat, so it must cost nothing. */
  readonly runtimes: () => readonly Runtime[]
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Registry
  /** What differs from {@link DEFAULT_DEVICE_LIMITS}. */
  readonly limits?: Partial<DeviceLimits>
  /** Whether this process may send commands at this moment; absent: always. */
  readonly authority?: { readonly isHeld: boolean }
}

/** The Socket.IO channel to devices: what they report, and commands to them. */
export interface DeviceGateway {
  readonly reports: DeviceReports
  /** Rejects as {@link DeviceCommands} says, and with `RATE_LIMITED` when too many commands wait for one device. */
  readonly channel: DeviceCommands
  /** Serves `/socket.io/` on this server. Call it once, after the server's own request handler was set. */
  attach(httpServer: HttpServer): void
  /** Tells our connected agents which runtimes there are now. */
  announceRuntimes(): void
  /** Finishes commands in hand, then closes every socket so that devices connect elsewhere. Leaves the HTTP server alone. */
  close(): Promise<void>
}

/** Makes the device channel; nothing listens before `attach`. */
export function createDeviceGateway(deps: DeviceGatewayDeps): DeviceGateway {
  return new Gateway(deps)
}

class Gateway implements DeviceGateway {
  readonly reports: Reports
  readonly channel: CommandChannel
  readonly #deps: DeviceGatewayDeps
  readonly #events: EventDeps
  readonly #tokens: TokenWatch
  #io: Server | null = null

  constructor(deps: DeviceGatewayDeps) {
    const limits = { ...DEFAULT_DEVICE_LIMITS, ...deps.limits }
    const { clock, authenticator, logger, authority } = deps
    this.#deps = deps
    this.reports = new Reports({ clock, runtimes: () => namesOf(deps.runtimes()), ...limits })
    const metrics = createDeviceMetrics(deps.metrics, () => this.reports.onlineCount)
    this.#events = { ...deps, reports: this.reports, limits, metrics }
    this.#tokens = new TokenWatch({ authenticator, clock, logger, recheckMs: limits.recheckMs })
    this.channel = new CommandChannel({
      reports: this.reports,
      clock,
      isAllowed: (connection) => this.#tokens.check(connection),
      limits,
      ...(authority && { authority }),
    })
  }

  attach(httpServer: HttpServer): void {
    const { clock, limits, metrics } = this.#events
    const admission = new Admission({ ...this.#deps, limits, metrics })
    const onJoin = (socket: Socket, principal: Principal) => this.#join(socket, principal)
    this.#io = openSockets({ httpServer, admission, clock, limits, metrics, onJoin })
  }

  announceRuntimes(): void {
    const payload = toRuntimesPayload(this.#deps.runtimes())
    for (const { isOurAgent, connection } of this.reports.connected()) {
      if (isOurAgent) connection?.socket.emit(DEVICE_EVENTS.runtimes, payload)
    }
  }

  async close(): Promise<void> {
    const { clock, limits } = this.#events
    await new Promise<void>((resolve) => {
      const cancel = clock.after(limits.closeTimeoutMs, resolve)
      void this.channel.close().then(cancel).then(resolve)
    })
    if (this.#io !== null) closeSockets(this.#io, clock)
    this.#tokens.close()
    this.reports.close()
  }

  #join(socket: Socket, principal: Principal): void {
    const connection = new DeviceConnection(socket, principal)
    this.#tokens.watch(connection)
    socket.onAny((...args: unknown[]) => handleEvent(connection, args, this.#events))
    socket.on('disconnect', () => this.#leave(connection))
  }

  #leave(connection: DeviceConnection): void {
    this.#tokens.forget(connection)
    const { device, principal } = connection
    if (device !== null) this.reports.drop(device, connection)
    this.#deps.logger.debug({ user: principal.user.id, device: device?.key.deviceId }, 'device disconnected')
    // A client that leaves the namespace and keeps its socket would hold it for ever.
    connection.socket.conn.close()
  }
}

function namesOf(runtimes: readonly Runtime[]): readonly string[] {
  return runtimes.map((runtime) => runtime.metadata.name)
}
