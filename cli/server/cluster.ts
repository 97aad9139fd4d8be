import { installBuiltInRuntimes } from '#cli/built-in-runtimes.ts'
import { createLeaderElection } from '#controller/leadership.ts'
import { Replicas } from '#controller/replicas.ts'
import { openKubernetes } from '#store/kubernetes/open.ts'

import type { Foundation, FoundationDeps } from './foundation.ts'
import { openVerifiers } from './identity.ts'
import { openKeys } from './keys.ts'
import { observeRequests } from './kubernetes-metrics.ts'
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
  const replica = replicaNameOf(settings.replica)
  const basis = { clock, random: Math.random, logger }
  const { store, users, tokens, ...cluster } = await openKubernetes({
    ...basis,
    kubeconfig: settings.kubeconfig,
    namespace: settings['operator-namespace'],
    onRequest: observeRequests(registry),
  })
  const { leases } = cluster
  const leadership = createLeaderElection({ ...basis, leases, replica, registry })
  const peerUrl = settings['peer-url'] === 'none' ? null : settings['peer-url']
  const replicas = new Replicas({ ...basis, leases, replica, peerUrl })
  return {
    store,
    users,
    tokens,
    ...keys,
    maxSilenceMs: MAX_SILENCE_MS,
    moreVerifiers: await openVerifiers({
      settings,
      clock,
      logger,
      tokens,
      tokenReviews: cluster.tokenReviews,
    }),
    forManager: {
      gateway: replica,
      leadership,
      replicas,
      authority: replicas,
      secrets: cluster.secrets,
      events: cluster.events,
      userNamespaces: cluster.userNamespaces,
    },
    prepare: (signal) => persistently(() => installBuiltInRuntimes(store), { clock, logger, signal }),
    start: async (signal) => {
      await cluster.start(signal)
      if (signal.aborted) return
      await replicas.start()
      await leadership.start()
    },
    release: async () => {
      await Promise.all([leadership.stop(), replicas.stop()])
    },
    close: async () => {
      keys.stop()
      await cluster.close()
    },
  }
}
