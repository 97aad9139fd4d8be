import type { Clock } from '#core/clock.ts'
import type { Store } from '#store/store.ts'

import type { RequestFact } from './client.ts'
import { connect } from './connect.ts'
import { HttpKubeClient } from './kube-client.ts'
import { KubernetesStore } from './store.ts'

/** What may be lost without harm, and should be known all the same. */
export interface KubernetesLogger {
  warn(fields: object, message: string): void
}

export interface KubernetesOptions {
  /** A file, or `auto`: as the pod's service account, else what kubectl would take. */
  readonly kubeconfig: string
  /** The operator's own namespace, or `auto`: that of the service account or of the kubeconfig, else `default`. */
  readonly namespace: string
  readonly clock: Clock
  /** 0 to 1. */
  readonly random: () => number
  readonly logger: KubernetesLogger
  readonly onRequest?: ((fact: RequestFact) => void) | undefined
  /** Absent: that of this process. */
  readonly environment?: NodeJS.ProcessEnv | undefined
  /** Where a pod finds its service account; absent: where Kubernetes mounts it. */
  readonly serviceAccountFolder?: string | undefined
}

/** Everything that a cluster keeps. */
export interface KubernetesStores {
  readonly store: Store
  /** The operator's own. */
  readonly namespace: string
  /** Begins the watches that these stores need themselves; resolves when they are complete, or the signal aborts. */
  start(signal: AbortSignal): Promise<void>
  /** Ends every connection. */
  close(): Promise<void>
}

/**
 * Connects to a cluster. The API server may be down: that is said by what is asked first.
 *
 * Rejects with `SETTING_INVALID` when there is nothing to connect to.
 */
export async function openKubernetes(options: KubernetesOptions): Promise<KubernetesStores> {
  const { kubeconfig, clock, random, onRequest, environment = process.env, serviceAccountFolder } = options
  const connection = await connect({ kubeconfig, clock, environment, serviceAccountFolder })
  const namespace = options.namespace === 'auto' ? (connection.namespace ?? 'default') : options.namespace
  const client = new HttpKubeClient({ connection, clock, random, onRequest })
  return {
    store: new KubernetesStore({ client, clock, random }),
    namespace,
    start: async () => undefined,
    close: async () => client.close(),
  }
}
