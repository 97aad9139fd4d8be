import { hostname } from 'node:os'

import type { Clock } from '#core/clock.ts'
import type { EventRecorder } from '#store/events.ts'
import type { Leases } from '#store/leases.ts'
import type { SecretReader } from '#store/secret-reader.ts'
import type { Store } from '#store/store.ts'
import type { TokenReviews } from '#store/token-reviews.ts'
import type { Tokens } from '#store/tokens.ts'
import type { UserNamespaces } from '#store/user-namespaces.ts'
import type { Users } from '#store/users.ts'

import type { RequestFact } from './client.ts'
import { connect } from './connect.ts'
import { KubernetesEvents } from './events.ts'
import { HttpKubeClient } from './kube-client.ts'
import { KubernetesLeases } from './leases.ts'
import { KubernetesNamespaces } from './namespaces.ts'
import { KubernetesSecretReader } from './secret-reader.ts'
import { KubernetesStore } from './store.ts'
import { KubernetesTokenReviews } from './token-reviews.ts'
import { sweepTokens } from './token-sweep.ts'
import { KubernetesTokens } from './tokens.ts'
import { KubernetesUsers } from './users.ts'

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
  readonly users: Users
  readonly tokens: Tokens
  readonly secrets: SecretReader
  readonly leases: Leases
  readonly events: EventRecorder
  readonly tokenReviews: TokenReviews
  readonly userNamespaces: UserNamespaces
  /** The operator's own. */
  readonly namespace: string
  /** Begins the watches that these stores need themselves; resolves when they are complete, or the signal aborts. */
  start(signal: AbortSignal): Promise<void>
  /**
   * Deletes what is kept about tokens that have expired, or whose user is gone. For the leader, now and then; safe to repeat.
   * Rejects with `STORE_UNAVAILABLE`.
   */
  sweep(): Promise<void>
  /** Writes the events that are on their way, for 5 s at the most, and ends every connection. */
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
  const basis = { client, clock, random }
  const store = new KubernetesStore(basis)
  const userNamespaces = new KubernetesNamespaces(client)
  const users = new KubernetesUsers({ store, namespaces: userNamespaces, clock, random })
  const tokens = new KubernetesTokens({ ...basis, users, namespace })
  const secrets = new KubernetesSecretReader(basis, namespace)
  const events = new KubernetesEvents({ ...basis, logger: options.logger, reporter: hostname() })
  return {
    store,
    users,
    tokens,
    secrets,
    leases: new KubernetesLeases(client, namespace),
    events,
    tokenReviews: new KubernetesTokenReviews(client),
    userNamespaces,
    namespace,
    start: async (signal) => {
      // Nobody waits for this one: what refers to Secrets reads them when it needs them.
      void secrets.watch(signal)
      await tokens.start(signal)
    },
    sweep: () => sweepTokens({ tokens, store, clock }),
    close: async () => {
      await events.close()
      client.close()
    },
  }
}
