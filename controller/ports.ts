import type { Explanation } from '#core/auth-sync-explanation.ts'
import type { SyncOutcome } from '#core/auth-sync-request.ts'
import type { CommandResult, DeviceCommand, DeviceKey } from '#core/device-command.ts'
import type { DeviceReport } from '#core/device-report.ts'
import type { Cache } from '#store/cache.ts'
import type { UserCache } from '#store/user-cache.ts'

/** Sends commands to devices. One at a time per device; further ones wait their turn. */
export interface DeviceChannel {
  /**
   * Rejects with `DEVICE_OFFLINE`, `DEVICE_UNSUPPORTED` (a `remote` device, or a command only our agent knows) or
   * `DEVICE_TIMEOUT` (65 s without an answer, or the socket went away meanwhile). A failure on the device is an answer.
   */
  send(device: DeviceKey, command: DeviceCommand): Promise<CommandResult>
}

/** What changed in a report (`layers`: of the configuration); `runtimes` names those whose file report differs from the one before. */
export interface ReportChange {
  readonly device: DeviceKey
  readonly kind: 'registered' | 'online' | 'offline' | 'runtimes' | 'layers'
  readonly runtimes: readonly string[]
}

/** What devices say, in memory. */
export interface DeviceReports {
  get(device: DeviceKey): DeviceReport | undefined
  /** Every known device of a user, offline ones that are still remembered included. */
  list(namespace: string): readonly DeviceReport[]
  /**
   * Calls back once per change. An unchanged heartbeat calls nobody, except for runtimes named in `awaitHeartbeat`.
   * Returns how to stop listening.
   */
  onChange(listener: (change: ReportChange) => void): () => void
  /** Asks for one `runtimes` change at the device's next heartbeat for this runtime even if it says the same as before. */
  awaitHeartbeat(device: DeviceKey, runtime: string): void
  /** Forgets a device that is not connected here: another replica speaks with it now. One that is connected stays. */
  release(device: DeviceKey): void
}

/** The replicas of this installation, as far as their Leases tell. */
export interface ReplicaDirectory {
  /** Where a replica is reached by the others, such as `http://10.0.0.7:8081`; `undefined`: it is gone, or tells nobody. */
  urlOf(gateway: string): string | undefined
  /** Whether its Lease is held. This replica always is. */
  isAlive(gateway: string): boolean
  /** Calls back when a replica came or went. Returns how to stop listening. */
  onChange(listener: () => void): () => void
}

/** What is asked of the replica that holds a device's socket. */
export interface PeerSyncs {
  /** Rejects with `DEVICE_OFFLINE` when that replica is gone, else as the question does here. */
  explain(gateway: string, device: DeviceKey, runtime: string): Promise<Explanation>
  requestSync(
    gateway: string,
    request: { readonly namespace: string; readonly runtime: string; readonly deviceIds: readonly string[] },
  ): Promise<readonly SyncOutcome[]>
}

/** Says whether a command may go out now: a replica that lost its Lease acts no more. */
export interface CommandAuthority {
  readonly isHeld: boolean
}

/** The kinds the controller reads. */
export type ControllerKind =
  | 'Device'
  | 'ManagedRuntimeConfig'
  | 'Runtime'
  | 'User'
  | 'UserProxyConfig'
  | 'UserRuntimeConfig'

/** Objects in memory, kept fresh by a watch. */
export type ObjectCache = Pick<Cache<ControllerKind>, 'get' | 'list' | 'onChange'>

/** People in memory, kept fresh by a watch. */
export type UserLookup = Pick<UserCache, 'findByNamespace' | 'list' | 'onChange'>

/** Where log lines go: what `pino` offers, as far as the controller uses it. Message constant, everything else a field. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
