import { randomBytes } from 'node:crypto'

import { systemClock } from '#cli/system-clock.ts'
import { KIND_NAMES, KINDS } from '#crds/kinds.ts'
import type { KubeClient } from '#store/kubernetes/client.ts'
import { HttpKubeClient } from '#store/kubernetes/kube-client.ts'
import { connectByKubeconfig } from '#store/kubernetes/kubeconfig.ts'
import { collectionPath, objectPath } from '#store/kubernetes/paths.ts'
import { KubernetesStore } from '#store/kubernetes/store.ts'
import type { Store } from '#store/store.ts'

/** What is needed of a real API server. */
interface Server {
  readonly kubeconfig: string
  /** Makes it forget its history, as time would. */
  readonly compact: () => Promise<void>
}

/** A store in a real API server, with two fresh namespaces. */
export async function openKubernetesSubject({ kubeconfig, compact }: Server) {
  const open = async () => {
    const connection = await connectByKubeconfig([kubeconfig], systemClock)
    const client = new HttpKubeClient({ connection, clock: systemClock, random: Math.random })
    return { client, store: new KubernetesStore({ client, clock: systemClock, random: Math.random }) }
  }
  let opened = await open()
  const suffix = randomBytes(5).toString('hex')
  const namespaces = [`user-${suffix}-a`, `user-${suffix}-b`] as const
  for (const name of namespaces) {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
    await opened.client.request({ method: 'POST', path: '/api/v1/namespaces', body })
  }
  return {
    namespaces,
    nobody: `user-${suffix}-nobody`,
    get store() {
      return opened.store
    },
    compact,
    reopen: async () => {
      opened.client.close()
      opened = await open()
    },
    close: async () => {
      for (const namespace of namespaces) await empty(opened.store, opened.client, namespace)
      opened.client.close()
    },
  }
}

// Other cases list all namespaces: what is left behind would make them slow.
async function empty(store: Store, client: KubeClient, namespace: string): Promise<void> {
  for (const kind of KIND_NAMES.filter((name) => KINDS[name].isNamespaced)) {
    const { items } = await store.list(kind, { namespace })
    for (const { metadata } of items.filter((item) => (item.metadata.finalizers ?? []).length > 0)) {
      await client.request({
        method: 'PATCH',
        path: objectPath(kind, metadata),
        body: { metadata: { finalizers: null } },
        contentType: 'application/merge-patch+json',
      })
    }
    await client.request({ method: 'DELETE', path: collectionPath(kind, namespace) })
  }
}
