import type { Registry } from 'prom-client'

import type { Clock } from '#core/clock.ts'
import type { DeviceKeys } from '#secrets/device-key.ts'
import type { Sealer } from '#secrets/seal.ts'
import type { EventRecorder } from '#store/events.ts'
import type { SecretReader } from '#store/secret-reader.ts'
import type { Store } from '#store/store.ts'
import type { UserNamespaces } from '#store/user-namespaces.ts'

import type { Leadership } from './leadership.ts'
import type {
  CommandAuthority,
  DeviceChannel,
  DeviceReports,
  Logger,
  ObjectCache,
  PeerSyncs,
  ReplicaDirectory,
  UserLookup,
} from './ports.ts'

/** What the controller stands on; the composition root hands it over. */
export interface ManagerDeps {
  readonly store: Store
  /** Complete before the manager starts. */
  readonly cache: ObjectCache
  readonly users: UserLookup
  readonly sealer: Sealer
  readonly channel: DeviceChannel
  readonly reports: DeviceReports
  readonly deviceKeys: DeviceKeys
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly logger: Logger
  readonly registry: Registry
  /** Name of this replica, for `Device.status.gateway`; absent: there is only one. */
  readonly gateway?: string
  /** Absent: this process is alone, and leads. */
  readonly leadership?: Leadership
  /** Absent: there are no others. */
  readonly replicas?: ReplicaDirectory
  readonly peers?: PeerSyncs
  /** Absent: always. */
  readonly authority?: CommandAuthority
  /** Absent: nothing can be referred to. */
  readonly secrets?: SecretReader
  /** Absent: nobody could read them. */
  readonly events?: EventRecorder
  /** Absent: a user's namespace needs nothing. */
  readonly userNamespaces?: UserNamespaces
}
