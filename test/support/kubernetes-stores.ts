import { randomBytes } from 'node:crypto'

import { systemClock } from '#cli/system-clock.ts'
import type { RequestFact } from '#store/kubernetes/client.ts'
import { type KubernetesOptions, openKubernetes } from '#store/kubernetes/open.ts'

import { openPeople } from './kubernetes-people.ts'

/** Everything that a cluster keeps, for an operator whose namespace is new. */
export async function openClusterStores(kubeconfig: string, overrides: Partial<KubernetesOptions> = {}) {
  const people = await openPeople(kubeconfig)
  const namespace = `operator-${randomBytes(5).toString('hex')}`
  const { client } = people
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
  await client.request({ method: 'POST', path: '/api/v1/namespaces', body })
  const requests: RequestFact[] = []
  const logger = { warn: () => undefined }
  const options = { kubeconfig, namespace, clock: systemClock, random: Math.random, logger, ...overrides }
  const life = new AbortController()
  const opened: Awaited<ReturnType<typeof openKubernetes>>[] = []
  const another = async (onRequest?: (fact: RequestFact) => void) => {
    const stores = await openKubernetes({ ...options, onRequest })
    opened.push(stores)
    return stores
  }
  const stores = await another((fact) => requests.push(fact))
  return {
    ...stores,
    client,
    /** What the stores asked for so far. */
    requests,
    signal: life.signal,
    /** What another replica has. */
    another,
    close: async () => {
      life.abort()
      await Promise.all(opened.map((one) => one.close()))
      await people.close()
    },
  }
}

/** Tokens in a real API server, of two users. `isWatched`: kept in memory by a watch, as a server does. */
export async function openTokensSubject(kubeconfig: string, { isWatched }: { readonly isWatched: boolean }) {
  const stores = await openClusterStores(kubeconfig)
  const [ada, bob] = [await stores.users.create({ name: 'ada' }), await stores.users.create({ name: 'bob' })]
  if (isWatched) await stores.start(stores.signal)
  let current: Pick<typeof stores, 'tokens'> = stores
  return {
    userIds: [ada.id, bob.id] as const,
    get tokens() {
      return current.tokens
    },
    reopen: async () => {
      const another = await stores.another()
      if (isWatched) await another.start(stores.signal)
      current = another
    },
    close: () => stores.close(),
  }
}
