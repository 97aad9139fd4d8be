import type { Context } from '#cli/context.ts'
import { openKubernetes } from '#store/kubernetes/open.ts'

import { attempt, type Finding, ok } from './check.ts'

const SILENT = { warn: () => undefined }

/** Asks the API server for what a replica asks it first. */
export function checkCluster({ settings, clock }: Context): Promise<Finding> {
  return attempt('cluster', async () => {
    const cluster = await openKubernetes({
      kubeconfig: settings.kubeconfig,
      namespace: settings['operator-namespace'],
      clock,
      random: Math.random,
      logger: SILENT,
    })
    try {
      await cluster.store.ping()
      return ok(
        'cluster',
        `its API server answers; tokens and Leases are in the namespace ${cluster.namespace}`,
      )
    } finally {
      await cluster.close()
    }
  })
}
