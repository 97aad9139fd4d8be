import type { Explanation } from '#core/auth-sync-explanation.ts'
import type { SyncOutcome } from '#core/auth-sync-request.ts'
import type { CommandResult, DeviceCommand, DeviceKey } from '#core/device-command.ts'
import type { DeviceReport } from '#core/device-report.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type { ObjectKey } from '#store/store.ts'
import type { User } from '#store/users.ts'

/** What the HTTP API needs of the device channel. */
export interface DeviceCommands {
  /** Rejects with `DEVICE_OFFLINE`, `DEVICE_UNSUPPORTED` or `DEVICE_TIMEOUT`; a failure on the device is an answer. */
  send(device: DeviceKey, command: DeviceCommand): Promise<CommandResult>
}

/** What the HTTP API needs of the live reports. */
export interface DeviceDirectory {
  get(device: DeviceKey): DeviceReport | undefined
  list(namespace: string): readonly DeviceReport[]
}

/** What the HTTP API needs of the reconcile loop. */
export interface AuthSync {
  /** Rejects with `DEVICE_UNKNOWN` or `RUNTIME_UNSUPPORTED`. */
  explain(device: DeviceKey, runtime: string): Promise<Explanation>
  /**
   * Syncs at once, whatever back-off says, and resolves when every device answered or failed. Never touches an existing file
   * beyond what the policies allow. `deviceIds` absent: all devices of the user.
   * Rejects with `AUTH_MISSING`, `DECRYPT_FAILED` or `DEVICE_UNKNOWN`.
   */
  requestSync(request: SyncRequest): Promise<readonly SyncOutcome[]>
}

export interface SyncRequest {
  readonly namespace: string
  readonly runtime: string
  readonly deviceIds?: readonly string[]
}

/** What the HTTP API needs of the objects in memory. They may lag behind the store by moments, never more. */
export interface ApiCaches {
  readonly runtimes: ObjectCache<'Runtime'>
  readonly configs: ObjectCache<'UserRuntimeConfig'>
  readonly proxies: ObjectCache<'UserProxyConfig'>
  readonly devices: ObjectCache<'Device'>
  readonly managedConfigs: ObjectCache<'ManagedRuntimeConfig'>
  readonly users: UserLookup
}

/** Objects of one kind in memory. */
export interface ObjectCache<K extends KindName> {
  get(key: ObjectKey): ObjectOf<K> | undefined
  /** Absent namespace: all of them. */
  list(namespace?: string): readonly ObjectOf<K>[]
}

/** People in memory. */
interface UserLookup {
  get(id: string): User | undefined
  findByName(name: string): User | undefined
  findByNamespace(namespace: string): User | undefined
}
