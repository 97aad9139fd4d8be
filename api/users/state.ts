import type { ApiContext } from '#api/deps.ts'
import { lookUpRuntime } from '#api/look-up-runtime.ts'
import { readUser, type StateSource } from '#api/state-source.ts'
import type { ProxyUrl } from '#core/proxy.ts'
import { viewRuntimeConfig } from '#core/runtime-config-view.ts'
import type { Runtime } from '#core/runtimes.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { RuntimeConfigView } from '#protocol/runtime-config.ts'
import type { User } from '#store/users.ts'

/** What is so for one user and one of the runtimes: everything that a change looks at and an answer is made of. */
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

/** Shows what was read. */
export function viewState({ user, runtime, config, proxy }: RuntimeState): RuntimeConfigView {
  const maskedUrl = proxy.url?.masked ?? null
  return viewRuntimeConfig({ runtime, config, preferences: user.preferences, proxy: proxy.object, maskedUrl })
}
