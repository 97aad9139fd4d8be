import { AppError } from '#core/errors.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { findObject } from '#store/find-object.ts'
import type { ObjectKey, Store } from '#store/store.ts'
import type { User, Users } from '#store/users.ts'

/**
 * Where a state is read from: `api.memory` for showing it, `api.stored` for changing it, because a change is compared with
 * what is stored and not with a memory of it.
 */
export interface StateSource {
  user(id: string): Promise<User | undefined>
  config(key: ObjectKey): Promise<ObjectOf<'UserRuntimeConfig'> | undefined>
  proxy(key: ObjectKey): Promise<ObjectOf<'UserProxyConfig'> | undefined>
  /** All of the installation, in no order. */
  managedConfigs(): Promise<readonly ObjectOf<'ManagedRuntimeConfig'>[]>
}

/** What {@link storedSource} reads. */
export interface StoredSourceDeps {
  readonly store: Store
  readonly users: Users
}

/** Makes the source that reads the store itself. */
export function storedSource({ store, users }: StoredSourceDeps): StateSource {
  return {
    user: (id) => users.get(id),
    config: (key) => findObject(store, 'UserRuntimeConfig', key),
    proxy: (key) => findObject(store, 'UserProxyConfig', key),
    managedConfigs: async () => (await store.list('ManagedRuntimeConfig')).items,
  }
}

/** Reads the user of a token. */
export async function readUser(from: StateSource, userId: string): Promise<User> {
  const user = await from.user(userId)
  if (user !== undefined) return user
  throw new AppError('UNAUTHENTICATED', 'the user of this token does not exist any more')
}
