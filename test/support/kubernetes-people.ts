import { systemClock } from '#cli/system-clock.ts'
import { HttpKubeClient } from '#store/kubernetes/kube-client.ts'
import { connectByKubeconfig } from '#store/kubernetes/kubeconfig.ts'
import { KubernetesNamespaces } from '#store/kubernetes/namespaces.ts'
import { KubernetesStore } from '#store/kubernetes/store.ts'
import { KubernetesUsers } from '#store/kubernetes/users.ts'

/** Connects to a real API server, with what keeps people. */
export async function connectPeople(kubeconfig: string) {
  const connection = await connectByKubeconfig([kubeconfig], systemClock)
  const basis = { clock: systemClock, random: Math.random }
  const client = new HttpKubeClient({ connection, ...basis })
  const store = new KubernetesStore({ client, ...basis })
  const namespaces = new KubernetesNamespaces(client)
  const users = new KubernetesUsers({ store, namespaces, ...basis })
  return { client, store, namespaces, users, close: () => client.close() }
}

/** The people in a real API server, in which nobody is. Their namespaces stay: nothing there finishes deleting them. */
export async function openPeople(kubeconfig: string) {
  let opened = await connectPeople(kubeconfig)
  const { store } = opened
  const left = await store.list('User')
  for (const { metadata } of left.items) await store.delete('User', { name: metadata.name })
  return {
    get client() {
      return opened.client
    },
    get store() {
      return opened.store
    },
    get users() {
      return opened.users
    },
    get namespaces() {
      return opened.namespaces
    },
    reopen: async () => {
      opened.close()
      opened = await connectPeople(kubeconfig)
    },
    close: async () => opened.close(),
  }
}
