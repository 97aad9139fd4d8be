import type { ApiCaches, ObjectCache, UserLookup } from '#api/ports.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type { Store } from '#store/store.ts'
import type { User, Users } from '#store/users.ts'

/** Memory of one test, fed by the store's own watches until `signal` aborts. */
export async function watchedCaches(
  deps: { readonly store: Store; readonly users: Users },
  signal: AbortSignal,
): Promise<ApiCaches> {
  return {
    runtimes: watchedObjects(deps.store, 'Runtime', signal),
    configs: watchedObjects(deps.store, 'UserRuntimeConfig', signal),
    proxies: watchedObjects(deps.store, 'UserProxyConfig', signal),
    users: watchedUsers(deps.users, signal),
  }
}

function watchedObjects<K extends KindName>(store: Store, kind: K, signal: AbortSignal): ObjectCache<K> {
  const objects = new Map<string, ObjectOf<K>>()
  const feed = async (): Promise<void> => {
    for await (const event of store.watch(kind, { signal })) {
      if (event.type === 'BOOKMARK') continue
      if (event.type === 'DELETED') objects.delete(keyOf(event.object.metadata))
      else objects.set(keyOf(event.object.metadata), event.object)
    }
  }
  feed().catch(() => {})
  return {
    get: (key) => objects.get(keyOf(key)),
    list: (namespace) =>
      [...objects.values()].filter(
        ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
      ),
  }
}

function watchedUsers(users: Users, signal: AbortSignal): UserLookup {
  const known = new Map<string, User>()
  const feed = async (): Promise<void> => {
    for await (const { user } of users.watch({ signal })) known.set(user.id, user)
  }
  feed().catch(() => {})
  const find = (matches: (user: User) => boolean): User | undefined => [...known.values()].find(matches)
  return {
    get: (id) => known.get(id),
    findByName: (name) => find((user) => user.name === name),
    findByNamespace: (namespace) => find((user) => user.namespace === namespace),
  }
}

function keyOf({ namespace = '', name }: { readonly namespace?: string; readonly name: string }): string {
  return `${namespace}/${name}`
}
