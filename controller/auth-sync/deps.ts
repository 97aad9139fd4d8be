import type { DeviceBudget } from '#controller/device-budget.ts'
import type { ControllerMetrics } from '#controller/metrics.ts'
import type { DeviceChannel, Logger } from '#controller/ports.ts'
import type { Workqueue } from '#controller/workqueue.ts'
import type { Clock } from '#core/clock.ts'
import type { Sealer } from '#secrets/seal.ts'
import type { Store } from '#store/store.ts'

import type { Flights } from './flights.ts'
import type { FreshConfigs } from './fresh-configs.ts'
import type { ObserveDeps } from './observe.ts'
import type { SyncRecords } from './records.ts'
import type { SyncRequests } from './requests.ts'
import type { SyncKey } from './sync-key.ts'

/** What reading, deciding, sending and answering stand on. */
export interface AuthSyncDeps extends ObserveDeps {
  readonly store: Store
  readonly sealer: Sealer
  readonly channel: DeviceChannel
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly logger: Logger
  readonly metrics: ControllerMetrics
  readonly records: SyncRecords
  readonly budget: DeviceBudget
  readonly queue: Pick<Workqueue, 'add' | 'addAfter'>
  readonly requests: SyncRequests
  readonly flights: Flights
  readonly fresh: FreshConfigs
  /** Told whenever a record says something new. */
  readonly onChanged: (key: SyncKey) => void
}
