import { randomBytes } from 'node:crypto'

import { systemClock } from '#cli/system-clock.ts'
import { HttpKubeClient } from '#store/kubernetes/kube-client.ts'
import { connectByKubeconfig } from '#store/kubernetes/kubeconfig.ts'
import { KubernetesStore } from '#store/kubernetes/store.ts'

/** Makes the server forget its history, as time would. */
type Compact = () => Promise<void>

/** A store in a real API server, with two fresh namespaces. */
export async function openKubernetesSubject(kubeconfig: string, compact: Compact) {
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
    close: async () => opened.client.close(),
  }
}
