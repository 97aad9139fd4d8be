import { isAppError } from '#core/errors.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'

import type { ObjectKey, Store } from './store.ts'

/** Gets an object; that there is none is an answer here, not a failure. */
export async function findObject<K extends KindName>(
  store: Pick<Store, 'get'>,
  kind: K,
  key: ObjectKey,
): Promise<ObjectOf<K> | undefined> {
  try {
    return await store.get(kind, key)
  } catch (error) {
    if (isAppError(error, 'NOT_FOUND')) return undefined
    throw error
  }
}
