import { isDeepStrictEqual } from 'node:util'

import { isAppError } from '#core/errors.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import { withoutEmpty } from '#store/empty-status.ts'
import { findObject } from '#store/find-object.ts'
import type { ObjectKey, Store } from '#store/store.ts'

const MAX_ATTEMPTS = 5

/** What to write where. */
export interface StatusWrite<K extends KindName> {
  readonly kind: K
  readonly key: ObjectKey
  /** Gives the status an object should have, from how it is now. Called again when the object changed meanwhile. */
  readonly render: (object: ObjectOf<K>) => ObjectOf<K>['status']
}

/**
 * Writes the status of one object, if it says anything new. The one place that writes a status.
 *
 * Does nothing when there is no such object. Rejects with `CONFLICT` when others change the object faster than this does.
 */
export async function writeStatus<K extends KindName>(
  store: Pick<Store, 'get' | 'updateStatus'>,
  write: StatusWrite<K>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const object = await findObject(store, write.kind, write.key)
    if (object === undefined) return
    const status = withoutEmpty(write.kind, write.render(object))
    // An unchanged status would wake every watcher, and cost a write to disk, for nothing.
    if (isDeepStrictEqual(status, object.status)) return
    try {
      await store.updateStatus(write.kind, { ...object, status })
      return
    } catch (error) {
      if (isAppError(error, 'NOT_FOUND')) return
      // Somebody changed the object since it was read: what was rendered may be wrong by now.
      if (!isAppError(error, 'CONFLICT') || attempt === MAX_ATTEMPTS) throw error
    }
  }
}
