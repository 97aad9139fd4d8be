import type { ObjectCache, UserLookup } from '#controller/ports.ts'
import type { Workqueue } from '#controller/workqueue.ts'
import { isConditionTrue } from '#crds/conditions.ts'

/** A user and what is theirs come on two watches: who comes within this time is no stranger. */
const CLAIM_DELAY_MS = 500

/** What following proxies stands on. */
export interface ProxyWatchDeps {
  readonly cache: ObjectCache
  readonly users: Pick<UserLookup, 'findByNamespace' | 'onChange'>
}

/** Queues proxies whose status may have to be written. Returns how to stop. */
export function watchProxies({ cache, users }: ProxyWatchDeps, queue: Workqueue): () => void {
  const add = ({ namespace = '', name }: { readonly namespace?: string; readonly name: string }) => {
    const text = `${namespace}/${name}`
    if (users.findByNamespace(namespace) === undefined) return queue.addAfter(text, CLAIM_DELAY_MS, 'device')
    queue.add(text, 'device')
  }
  for (const { metadata, status } of cache.list('UserProxyConfig')) {
    // What was wrong may have been mended while nobody looked: a key that is back, a user who was made.
    const isSettled = isConditionTrue(status?.conditions, 'Ready')
    if (!isSettled || status?.observedGeneration !== metadata.generation) add(metadata)
  }
  const stops = [
    cache.onChange('UserProxyConfig', ({ type, object, previous }) => {
      const isSpecNews = object.metadata.generation !== previous?.metadata.generation
      if (type !== 'DELETED' && isSpecNews) add(object.metadata)
    }),
    users.onChange((user, previous) => {
      // Whose a namespace is decides; what else is said of a user does not.
      if (user.namespace === previous?.namespace && user.isActive === previous.isActive) return
      const namespaces = new Set([user.namespace, previous?.namespace ?? user.namespace])
      for (const namespace of namespaces)
        for (const { metadata } of cache.list('UserProxyConfig', namespace)) add(metadata)
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
