import type { ObjectCache } from '#controller/ports.ts'
import type { Workqueue } from '#controller/workqueue.ts'
import { toClaim, type UserClaims } from '#core/user-claims.ts'

import { isSettled } from './reconcile.ts'

/** What following Users stands on. */
export interface UserWatchDeps {
  readonly cache: ObjectCache
  /** Filled while this watches, and emptied when it stops. */
  readonly userClaims: UserClaims
}

/**
 * Queues Users whose status may have to be written: a change of one concerns everybody who claims the same. Those that say
 * already what is to be said are left alone. Returns how to stop.
 */
export function watchUsers({ cache, userClaims }: UserWatchDeps, queue: Workqueue): () => void {
  const look = (name: string) => {
    const user = cache.get('User', { name })
    const verdict = userClaims.verdictOf(name)
    if (user !== undefined && verdict !== undefined && !isSettled(user, verdict)) queue.add(name, 'device')
  }
  const all = cache.list('User')
  for (const user of all) userClaims.put(toClaim(user))
  for (const { metadata } of all) look(metadata.name)
  const unsubscribe = cache.onChange('User', ({ type, object }) => {
    const { name } = object.metadata
    const touched = type === 'DELETED' ? userClaims.remove(name) : userClaims.put(toClaim(object))
    for (const each of touched) look(each)
  })
  return () => {
    unsubscribe()
    userClaims.clear()
  }
}
