import type { ObjectCache, UserLookup } from '#controller/ports.ts'
import type { Workqueue } from '#controller/workqueue.ts'

/** People come in numbers, at a start or an import: whoever comes within this time is counted at once. */
const COUNT_DELAY_MS = 500

/** What following managed configurations stands on. */
export interface ManagedWatchDeps {
  readonly cache: ObjectCache
  readonly users: Pick<UserLookup, 'onChange'>
}

/** Queues managed configurations whose status may have to be written. Returns how to stop. */
export function watchManagedConfigs({ cache, users }: ManagedWatchDeps, queue: Workqueue): () => void {
  const all = () => cache.list('ManagedRuntimeConfig')
  for (const { metadata } of all()) queue.add(metadata.name, 'resync')
  const stops = [
    cache.onChange('ManagedRuntimeConfig', ({ type, object, previous }) => {
      const isSpecNews = object.metadata.generation !== previous?.metadata.generation
      if (type !== 'DELETED' && isSpecNews) queue.add(object.metadata.name, 'device')
    }),
    cache.onChange('Runtime', ({ object }) => {
      for (const { metadata, spec } of all()) {
        if (spec.runtime === object.metadata.name) queue.add(metadata.name, 'resync')
      }
    }),
    users.onChange((user, previous) => {
      const isCountedAlike = user.isActive === previous?.isActive && user.labels === previous.labels
      if (isCountedAlike) return
      for (const { metadata } of all()) queue.addAfter(metadata.name, COUNT_DELAY_MS, 'resync')
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
