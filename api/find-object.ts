import { isAppError } from '#core/errors.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type { ObjectKey, Store } from '#store/store.ts'

/** Reads an object; `undefined` when there is none. */
export async function findObject<K extends KindName>(
  store: Store,
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
