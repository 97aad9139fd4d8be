import type { KindName, ObjectOf } from '#crds/kinds.ts'
import { findObject } from '#store/find-object.ts'
import type { ObjectKey, Store } from '#store/store.ts'
import type { User, Users } from '#store/users.ts'

import type { ApiCaches, ObjectCache } from './ports.ts'

/** What reads go to: memory first, and behind it what memory is made from. */
export interface FreshReadsDeps {
  readonly store: Store
  readonly users: Users
  readonly caches: ApiCaches
}

// By the time so many further things were written, memory has seen the first.
const MAX_MARKS = 10_000

/**
 * Reads from memory, except what this process wrote itself and memory may not show yet.
 *
 * Whoever got an answer to a change sees it in every later read here; changes made elsewhere show moments later.
 */
export class FreshReads {
  readonly #deps: FreshReadsDeps
  readonly #marks = new Map<string, symbol>()

  constructor(deps: FreshReadsDeps) {
    this.#deps = deps
  }

  /** To be called when a write of this process was done, before anybody hears of it. */
  wrote(kind: KindName, key: ObjectKey): void {
    this.#mark(nameOf(kind, key))
    if (LISTED.has(kind)) this.#mark(listName(kind, key.namespace))
  }

  /** The same for a user. */
  wroteUser(id: string): void {
    this.#mark(`users/${id}`)
  }

  async user(id: string): Promise<User | undefined> {
    const known = this.#deps.caches.users.get(id)
    const name = `users/${id}`
    const mark = this.#marks.get(name)
    if (mark === undefined && known !== undefined) return known
    const stored = await this.#deps.users.get(id)
    if (stored?.resourceVersion === known?.resourceVersion) this.#clear(name, mark)
    return stored
  }

  config(key: ObjectKey): Promise<ObjectOf<'UserRuntimeConfig'> | undefined> {
    return this.#find('UserRuntimeConfig', key, this.#deps.caches.configs)
  }

  proxy(key: ObjectKey): Promise<ObjectOf<'UserProxyConfig'> | undefined> {
    return this.#find('UserProxyConfig', key, this.#deps.caches.proxies)
  }

  device(key: ObjectKey): Promise<ObjectOf<'Device'> | undefined> {
    return this.#find('Device', key, this.#deps.caches.devices)
  }

  /** Every device of a user, in no order. */
  devices(namespace: string): Promise<readonly ObjectOf<'Device'>[]> {
    return this.#list('Device', this.#deps.caches.devices, namespace)
  }

  /** Every registered runtime, ordered by name. */
  async runtimes(): Promise<readonly ObjectOf<'Runtime'>[]> {
    return (await this.#list('Runtime', this.#deps.caches.runtimes)).toSorted(byName)
  }

  /** Every managed configuration, in no order. */
  managedConfigs(): Promise<readonly ObjectOf<'ManagedRuntimeConfig'>[]> {
    return this.#list('ManagedRuntimeConfig', this.#deps.caches.managedConfigs)
  }

  async #find<K extends KindName>(
    kind: K,
    key: ObjectKey,
    cache: ObjectCache<K>,
  ): Promise<ObjectOf<K> | undefined> {
    const known = cache.get(key)
    const name = nameOf(kind, key)
    const mark = this.#marks.get(name)
    if (mark === undefined) return known
    const stored = await findObject(this.#deps.store, kind, key)
    if (stored?.metadata.resourceVersion === known?.metadata.resourceVersion) this.#clear(name, mark)
    return stored
  }

  async #list<K extends KindName>(
    kind: K,
    cache: ObjectCache<K>,
    namespace?: string,
  ): Promise<readonly ObjectOf<K>[]> {
    const known = cache.list(namespace)
    const name = listName(kind, namespace)
    const mark = this.#marks.get(name)
    if (mark === undefined) return known
    const { items } = await this.#deps.store.list(kind, namespace === undefined ? {} : { namespace })
    const versions = new Set(known.map(({ metadata }) => metadata.resourceVersion))
    const isSame =
      versions.size === items.length && items.every(({ metadata }) => versions.has(metadata.resourceVersion))
    if (isSame) this.#clear(name, mark)
    return items
  }

  #mark(name: string): void {
    this.#marks.delete(name)
    this.#marks.set(name, Symbol(name))
    const oldest = this.#marks.keys().next()
    if (this.#marks.size > MAX_MARKS && oldest.done !== true) this.#marks.delete(oldest.value)
  }

  // Only the mark that was seen before the read: a write that ended meanwhile has set another.
  #clear(name: string, mark: symbol | undefined): void {
    if (this.#marks.get(name) === mark) this.#marks.delete(name)
  }
}

// The kinds that are read as lists, so that what was made or deleted shows there too.
const LISTED: ReadonlySet<KindName> = new Set(['Runtime', 'Device', 'ManagedRuntimeConfig'])

function listName(kind: KindName, namespace = ''): string {
  return `${kind}/${namespace}`
}

function nameOf(kind: KindName, { namespace = '', name }: ObjectKey): string {
  return `${kind}/${namespace}/${name}`
}

function byName(left: ObjectOf<'Runtime'>, right: ObjectOf<'Runtime'>): number {
  return left.metadata.name < right.metadata.name ? -1 : 1
}

/** Gives a store that tells of every object it wrote. */
export function tellingStore(store: Store, reads: Pick<FreshReads, 'wrote'>): Store {
  const told = async <K extends KindName>(kind: K, write: Promise<ObjectOf<K>>): Promise<ObjectOf<K>> => {
    const object = await write
    reads.wrote(kind, object.metadata)
    return object
  }
  return {
    get: (kind, key) => store.get(kind, key),
    list: (kind, options) => store.list(kind, options),
    create: (kind, object) => told(kind, store.create(kind, object)),
    update: (kind, object) => told(kind, store.update(kind, object)),
    updateStatus: (kind, object) => told(kind, store.updateStatus(kind, object)),
    delete: (kind, key, options) => told(kind, store.delete(kind, key, options)),
    watch: (kind, options) => store.watch(kind, options),
    ping: () => store.ping(),
  }
}

/** Gives a users port that tells of everybody it changed. */
export function tellingUsers(users: Users, reads: Pick<FreshReads, 'wroteUser'>): Users {
  const told = async (write: Promise<User>): Promise<User> => {
    const user = await write
    reads.wroteUser(user.id)
    return user
  }
  return {
    get: (id) => users.get(id),
    findByName: (name) => users.findByName(name),
    findByNamespace: (namespace) => users.findByNamespace(namespace),
    list: () => users.list(),
    create: (user) => told(users.create(user)),
    setActive: (id, isActive) => told(users.setActive(id, isActive)),
    updatePreferences: (id, change) => told(users.updatePreferences(id, change)),
    watch: (options) => users.watch(options),
  }
}
