import type { ApiCaches } from '#api/ports.ts'
import type { Clock } from '#core/clock.ts'
import { createCache } from '#store/cache.ts'
import type { Store } from '#store/store.ts'
import { createUserCache } from '#store/user-cache.ts'
import type { Users } from '#store/users.ts'

interface CachesOf {
  readonly store: Store
  readonly users: Users
  readonly clock: Clock
}

/** The real caches over a store, as the composition root wires them. Resolves when everything is in memory. */
export async function openApiCaches(
  { store, users, clock }: CachesOf,
  signal: AbortSignal,
): Promise<ApiCaches> {
  const objects = createCache({
    store,
    kinds: ['UserRuntimeConfig', 'UserProxyConfig', 'Device', 'Runtime', 'ManagedRuntimeConfig'],
    clock,
  })
  const people = createUserCache({ users, clock })
  await Promise.all([objects.start(signal), people.start(signal)])
  return {
    runtimes: objects.of('Runtime'),
    configs: objects.of('UserRuntimeConfig'),
    proxies: objects.of('UserProxyConfig'),
    devices: objects.of('Device'),
    managedConfigs: objects.of('ManagedRuntimeConfig'),
    users: people,
  }
}
