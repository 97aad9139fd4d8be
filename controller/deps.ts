import type { Registry } from 'prom-client'

import type { Clock } from '#core/clock.ts'
import type { DeviceKeys } from '#secrets/device-key.ts'
import type { Sealer } from '#secrets/seal.ts'
import type { Store } from '#store/store.ts'

import type { DeviceChannel, DeviceReports, Logger, ObjectCache, UserLookup } from './ports.ts'

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
}
