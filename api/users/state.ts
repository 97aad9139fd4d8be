import type { ApiContext } from '#api/deps.ts'
import { AppError, isAppError } from '#core/errors.ts'
import type { ProxyUrl } from '#core/proxy.ts'
import { viewRuntimeConfig } from '#core/runtime-config-view.ts'
import { findRuntime, type Runtime, runtimeNameOf } from '#core/runtimes.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type { RuntimeConfigView } from '#protocol/runtime-config.ts'
import type { ObjectKey, Store } from '#store/store.ts'
import type { User } from '#store/users.ts'

/** Everything of one user that the answer for one runtime is made of, as the store has it now. */
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

/** Reads one runtime of a user, whatever the path called it. Rejects with `RUNTIME_UNSUPPORTED`. */
export async function readRuntimeState(api: ApiContext, userId: string, text: string): Promise<RuntimeState> {
  const runtime = await lookUpRuntime(api, text)
  const user = await readUser(api, userId)
  const key = { namespace: user.namespace, name: runtime.metadata.name }
  const config = await findObject(api.store, 'UserRuntimeConfig', key)
  return { user, runtime, config, proxy: await readProxy(api, user) }
}

/** Reads a user's proxy. */
export async function readProxy(api: ApiContext, user: User): Promise<ProxyState> {
  const object = await findObject(api.store, 'UserProxyConfig', {
    namespace: user.namespace,
    name: 'default',
  })
  return { object, url: await api.openedProxies.open(user, object) }
}

/** Reads the user of a token as the store has it now: preferences are compared with what is stored, not with a memory. */
export async function readUser(api: ApiContext, userId: string): Promise<User> {
  const user = await api.users.get(userId)
  if (user === undefined)
    throw new AppError('UNAUTHENTICATED', 'the user of this token does not exist any more')
  return user
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
