import type { ObjectCache } from '#controller/ports.ts'
import type { Workqueue } from '#controller/workqueue.ts'

/** Queues proxies whose status may have to be written. Returns how to stop. */
export function watchProxies(cache: ObjectCache, queue: Workqueue): () => void {
  const add = ({ namespace = '', name }: { readonly namespace?: string; readonly name: string }) =>
    queue.add(`${namespace}/${name}`, 'device')
  for (const { metadata, status } of cache.list('UserProxyConfig')) {
    if (status?.observedGeneration !== metadata.generation) add(metadata)
  }
  return cache.onChange('UserProxyConfig', ({ type, object, previous }) => {
    const isSpecNews = object.metadata.generation !== previous?.metadata.generation
    if (type !== 'DELETED' && isSpecNews) add(object.metadata)
  })
}
