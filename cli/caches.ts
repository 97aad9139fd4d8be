import type { AuthenticatorOptions } from '#api/authenticate.ts'
import type { HealthCheck } from '#api/health.ts'
import type { Logger } from '#api/logger.ts'
import type { ApiCaches } from '#api/ports.ts'
import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import type { Runtime } from '#core/runtimes.ts'
import { type Cache, createCache } from '#store/cache.ts'
import type { Store } from '#store/store.ts'
import { createUserCache, type UserCache } from '#store/user-cache.ts'
import type { Users } from '#store/users.ts'

const KINDS = [
  'UserRuntimeConfig',
  'UserProxyConfig',
  'Device',
  'Runtime',
  'ManagedRuntimeConfig',
  'User',
] as const

/** The kinds that are kept in memory. */
export type CachedKind = (typeof KINDS)[number]

/** Everything that is read from memory, in the shapes that its readers ask for. */
export interface Caches {
  readonly kinds: readonly CachedKind[]
  readonly objects: Cache<CachedKind>
  readonly users: UserCache
  readonly forApi: ApiCaches
  readonly findUser: NonNullable<AuthenticatorOptions['findUser']>
  /** The registered runtimes; the same array until one changes. */
  readonly runtimes: () => readonly Runtime[]
  readonly readiness: HealthCheck
  /** Resolves when everything is in memory. */
  start(signal: AbortSignal): Promise<void>
}

/** What caches are made of. */
export interface CachesOptions {
  readonly store: Store
  readonly users: Users
  /** A watch that says nothing for so long fails readiness, ms; `null`: an idle store says nothing at all. */
  readonly maxSilenceMs: number | null
  readonly logger: Pick<Logger, 'error'>
}

/** Makes the caches of a server. */
export function createCaches(options: CachesOptions, clock: Clock): Caches {
  const { store, users, maxSilenceMs, logger } = options
  // The watch goes on; what was missed because of it shows with the list that follows.
  const onBug = (err: unknown) => logger.error({ err }, 'a listener to the store failed; listing again')
  const objects = createCache({ store, kinds: KINDS, clock, onBug })
  const people = createUserCache({ users, clock })
  let runtimes: readonly Runtime[] = []
  const readRuntimes = (): void => {
    runtimes = objects.list('Runtime').toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  }
  objects.onChange('Runtime', readRuntimes)
  return {
    kinds: KINDS,
    objects,
    users: people,
    forApi: {
      runtimes: objects.of('Runtime'),
      configs: objects.of('UserRuntimeConfig'),
      proxies: objects.of('UserProxyConfig'),
      devices: objects.of('Device'),
      managedConfigs: objects.of('ManagedRuntimeConfig'),
      users: people,
    },
    findUser: (subject) => ('id' in subject ? people.get(subject.id) : people.findByName(subject.name)),
    runtimes: () => runtimes,
    readiness: {
      name: 'watches',
      check: () => {
        checkSynced(objects.isSynced && people.isSynced)
        for (const kind of KINDS) checkHeard(kind, objects.lastEventAgeMs(kind), maxSilenceMs)
      },
    },
    start: async (signal) => {
      await Promise.all([objects.start(signal), people.start(signal)])
      readRuntimes()
    },
  }
}

function checkSynced(isSynced: boolean): void {
  if (!isSynced) throw new Error('the watches have not caught up with the store yet')
}

function checkHeard(kind: CachedKind, silentMs: number, maxSilenceMs: number | null): void {
  if (maxSilenceMs === null || silentMs <= maxSilenceMs) return
  throw new AppError(
    'STORE_UNAVAILABLE',
    `nothing was heard of the watch of ${kind} for ${Math.round(silentMs / 1000)} s; is the API server there?`,
  )
}
