import { installBuiltInRuntimes } from '#cli/built-in-runtimes.ts'
import { createLeaderElection } from '#controller/leadership.ts'
import { Replicas } from '#controller/replicas.ts'
import { type KubernetesStores, openKubernetes } from '#store/kubernetes/open.ts'

import { openFleet } from './fleet.ts'
import type { Foundation, FoundationDeps } from './foundation.ts'
import { openVerifiers } from './identity.ts'
import { type Keys, openKeys } from './keys.ts'
import { observeRequests } from './kubernetes-metrics.ts'
import { doDuties } from './leader-duties.ts'
import { persistently } from './patience.ts'
import { replicaNameOf } from './replica-name.ts'

// A bookmark comes every minute, and a watch that has none for long is begun anew: so long, and the API server is away.
const MAX_SILENCE_MS = 300_000

/**
 * Opens a replica in a cluster: resources of its API server, keys that are mounted, and Leases that say who does what. Nothing is
 * asked of the API server yet.
 *
 * @throws AppError `SETTING_INVALID` or `KEYRING_UNUSABLE`
 */
export async function openCluster(deps: FoundationDeps): Promise<Foundation> {
  const { settings, clock, logger, registry } = deps
  const keys = await openKeys(deps, { mustExist: true })
  const stores = await openKubernetes({
    clock,
    random: Math.random,
    logger,
    kubeconfig: settings.kubeconfig,
    namespace: settings['operator-namespace'],
    onRequest: observeRequests(registry),
  })
  const { store, users, tokens, tokenReviews } = stores
  return {
    store,
    users,
    tokens,
    ...keys,
    maxSilenceMs: MAX_SILENCE_MS,
    moreVerifiers: await openVerifiers({ settings, clock, logger, tokens, tokenReviews }),
    prepare: (signal) => persistently(() => installBuiltInRuntimes(store), { clock, logger, signal }),
    ...openReplica(deps, stores, keys),
  }
}

type ReplicaParts = Pick<Foundation, 'forManager' | 'joinFleet' | 'start' | 'release' | 'close'>

/** What makes this replica one of several. */
function openReplica(deps: FoundationDeps, stores: KubernetesStores, keys: Keys): ReplicaParts {
  const { settings, clock, logger, registry } = deps
  const { leases, secrets, events, userNamespaces, tokenReviews } = stores
  const replica = replicaNameOf(settings.replica)
  const basis = { leases, replica, clock, random: Math.random, logger }
  const leadership = createLeaderElection({ ...basis, registry })
  const peerUrl = settings['peer-url'] === 'none' ? null : settings['peer-url']
  const replicas = new Replicas({ ...basis, peerUrl, leadership })
  const tasks = [() => stores.sweep()]
  const endDuties = doDuties({ leadership, clock, logger, tasks })
  return {
    forManager: {
      gateway: replica,
      leadership,
      replicas,
      authority: replicas,
      secrets,
      events,
      userNamespaces,
    },
    joinFleet: (parts) =>
      openFleet(parts, {
        settings,
        replica,
        directory: replicas,
        reviews: tokenReviews,
        clock,
        logger,
        registry,
      }),
    start: async (signal) => {
      await stores.start(signal)
      if (signal.aborted) return
      await replicas.start()
      await leadership.start()
    },
    release: async () => {
      endDuties()
      await Promise.all([leadership.stop(), replicas.stop()])
    },
    close: async () => {
      keys.stop()
      await stores.close()
    },
  }
}
