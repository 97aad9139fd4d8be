import type { Registry } from 'prom-client'

import type { Clock } from '#core/clock.ts'
import type { Sealer } from '#secrets/seal.ts'
import type { Store } from '#store/store.ts'
import type { Tokens } from '#store/tokens.ts'
import type { Users } from '#store/users.ts'

import type { Authenticator } from './authenticate.ts'
import type { ConfigStacks } from './config-stacks.ts'
import type { DeviceTokenService } from './device-tokens.ts'
import type { FreshReads } from './fresh-reads.ts'
import type { HealthCheck } from './health.ts'
import type { HttpMetrics } from './http-metrics.ts'
import type { Logger } from './logger.ts'
import type { OpenedProxies } from './opened-proxies.ts'
import type { ApiCaches, AuthSync, DeviceCommands, DeviceDirectory } from './ports.ts'
import type { ProxyProbes } from './proxy-probes.ts'
import type { RateLimits } from './rate-limit.ts'
import type { StateSource } from './state-source.ts'
import type { Turns } from './turns.ts'

/** Everything the HTTP API stands on; the composition root hands it over. */
export interface ApiDeps {
  readonly store: Store
  readonly users: Users
  readonly tokens: Tokens
  readonly caches: ApiCaches
  readonly sealer: Sealer
  readonly authenticator: Authenticator
  readonly deviceTokens: DeviceTokenService
  readonly commands: DeviceCommands
  readonly directory: DeviceDirectory
  readonly authSync: AuthSync
  /** Name of this replica, as `Device.status.gateway` has it; absent: there is only one. */
  readonly replica?: string
  readonly clock: Clock
  readonly logger: Logger
  readonly registry: Registry
  readonly limits?: ApiLimits
  /** What express calls `trust proxy`. Default: nobody, the address is the socket's. */
  readonly trustProxy?: boolean | number | string
  /** Is this process moving? Store and keyring do not belong here: a restart would not mend them. */
  readonly livenessChecks?: readonly HealthCheck[]
  /** Besides the store and the keyring, which are always asked. */
  readonly readinessChecks?: readonly HealthCheck[]
}

/** How much one request, and one client, may ask for. */
export interface ApiLimits {
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number
  /** Nesting of a JSON body. Default 100. */
  readonly maxJsonDepth?: number
  /** Characters of path and query. Default 8192. */
  readonly maxUrlLength?: number
  readonly rates?: RateLimits
}

/** What handlers work with: what was handed over, and what the API keeps for itself. */
export interface ApiContext extends ApiDeps {
  readonly metrics: HttpMetrics
  readonly openedProxies: OpenedProxies
  readonly configStacks: ConfigStacks
  readonly proxyProbes: ProxyProbes
  /** For showing. */
  readonly memory: FreshReads
  /** For changing. */
  readonly stored: StateSource
  /** Of those who lost a race, by the id of the user whose things they change. */
  readonly turns: Turns
}
