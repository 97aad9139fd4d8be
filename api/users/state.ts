import type { ApiContext } from '#api/deps.ts'
import { AppError } from '#core/errors.ts'
import type { ProxyUrl } from '#core/proxy.ts'
import { viewRuntimeConfig } from '#core/runtime-config-view.ts'
import { findRuntime, type Runtime, runtimeNameOf } from '#core/runtimes.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { RuntimeConfigView } from '#protocol/runtime-config.ts'
import { findObject } from '#store/find-object.ts'
import type { ObjectKey } from '#store/store.ts'
import type { User } from '#store/users.ts'

/** Everything of one user that the answer for one runtime is made of*/
export interface RuntimeState {
  readonly user: User
  readonly runtime: Runtime
  readonly config: ObjectOf<'UserRuntimeConfig'> | undefined
  readonly proxy: ProxyState
}

/** A user's proxy, stored and opened. */
export interface ProxyState {
  readonly object: ObjectOf<'UserProxyConfig'> | undefined
  /** `null`: none is saved, or it does not open. */
  readonly url: ProxyUrl | null
}

/**
 * Where a state is read from: `api.memory` for showing it, `api.stored` for changing it, because a change is compared with
 * what is stored and not with a memory of it.
 */
export interface StateSource {
  user(id: string): Promise<User | undefined>
  config(key: ObjectKey): Promise<ObjectOf<'UserRuntimeConfig'> | undefined>
  proxy(key: ObjectKey): Promise<ObjectOf<'UserProxyConfig'> | undefined>
}

/** Makes the source that reads the store itself. */
export function storedSource({ store, users }: Pick<ApiContext, 'store' | 'users'>): StateSource {
  return {
    user: (id) => users.get(id),
    config: (key) => findObject(store, 'UserRuntimeConfig', key),
    proxy: (key) => findObject(store, 'UserProxyConfig', key),
  }
}

/** Names one runtime of one user. */
export interface StateQuery {
  readonly userId: string
  /** Whatever the path called the runtime. */
  readonly runtime: string
}

/** Reads one runtime of a user. Rejects with `RUNTIME_UNSUPPORTED`. */
export async function readRuntimeState(
  api: ApiContext,
  from: StateSource,
  query: StateQuery,
): Promise<RuntimeState> {
  const runtime = await lookUpRuntime(api, query.runtime)
  const user = await readUser(from, query.userId)
  const config = await from.config({ namespace: user.namespace, name: runtime.metadata.name })
  return { user, runtime, config, proxy: await readProxy(api, from, user) }
}

/** Reads a user's proxy. */
export async function readProxy(api: ApiContext, from: StateSource, user: User): Promise<ProxyState> {
  const object = await from.proxy({ namespace: user.namespace, name: 'default' })
  return { object, url: await api.openedProxies.open(user, object) }
}

/** Reads the user of a token. */
export async function readUser(from: StateSource, userId: string): Promise<User> {
  const user = await from.user(userId)
  if (user !== undefined) return user
  throw new AppError('UNAUTHENTICATED', 'the user of this token does not exist any more')
}

/** Shows what was read. */
export function viewState({ user, runtime, config, proxy }: RuntimeState): RuntimeConfigView {
  const maskedUrl = proxy.url?.masked ?? null
  return viewRuntimeConfig({ runtime, config, preferences: user.preferences, proxy: proxy.object, maskedUrl })
}

/**
 * Finds a registered runtime. One that is not in memory yet is asked of the store, so that a runtime works from the moment
 * it was applied. Rejects with `RUNTIME_UNSUPPORTED`.
 */
export async function lookUpRuntime(api: ApiContext, text: string): Promise<Runtime> {
  const name = runtimeNameOf(text)
  const known = api.caches.runtimes.get({ name })
  if (known !== undefined) return known
  const stored = await findObject(api.store, 'Runtime', { name })
  return findRuntime(stored === undefined ? [] : [stored], text)
}
