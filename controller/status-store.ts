import { isAppError } from '#core/errors.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type { CacheChange } from '#store/kind-cache.ts'
import type { ObjectKey, Store } from '#store/store.ts'

import type { ControllerEvents } from './events.ts'
import type { ObjectCache } from './ports.ts'

/** What writing statuses stands on. */
export interface StatusStoreDeps {
  readonly store: Store
  readonly cache: ObjectCache
  /** Absent: nobody is told. */
  readonly told?: ControllerEvents | undefined
}

const KINDS = ['Device', 'ManagedRuntimeConfig', 'UserProxyConfig', 'UserRuntimeConfig'] as const
type CachedKind = (typeof KINDS)[number]

/** An object that memory shows as it was before a write. */
interface Behind {
  /** The version that memory is to catch up with; `null`: not known, somebody else wrote it. */
  readonly version: string | null
  readonly status: ObjectOf<KindName>['status']
}

/**
 * Looks at what is stored as those need it who write statuses: in memory, which saves a request for each look and each write.
 * A write is conditional on what was read, so memory that is behind costs another round and harms nothing; after a write or a
 * conflict the store is read until memory has caught up.
 */
export class StatusStore {
  readonly #deps: StatusStoreDeps
  /** By kind and name. */
  readonly #behind = new Map<string, Behind>()

  constructor(deps: StatusStoreDeps) {
    this.#deps = deps
  }

  /** The store as those see it who write statuses. */
  toStore(): Store {
    const { store } = this.#deps
    return {
      get: (kind, key) => this.#get(kind, key),
      updateStatus: (kind, object) => this.#updateStatus(kind, object),
      list: (kind, options) => store.list(kind, options),
      create: (kind, object) => store.create(kind, object),
      update: (kind, object) => store.update(kind, object),
      delete: (kind, key, options) => store.delete(kind, key, options),
      watch: (kind, options) => store.watch(kind, options),
      ping: () => store.ping(),
    }
  }

  /** Follows how memory catches up. Returns how to stop. */
  follow(): () => void {
    const stops = KINDS.map((kind) =>
      this.#deps.cache.onChange(kind, (change) => this.#catchUp(kind, change)),
    )
    return () => {
      for (const stop of stops) stop()
    }
  }

  #catchUp<K extends CachedKind>(kind: K, { type, object }: CacheChange<K>): void {
    const name = nameOf(kind, object.metadata)
    const awaited = this.#behind.get(name)
    if (awaited === undefined) return
    const isThere = awaited.version === null || awaited.version === object.metadata.resourceVersion
    if (isThere || type === 'DELETED') this.#behind.delete(name)
  }

  async #get<K extends KindName>(kind: K, key: ObjectKey): Promise<ObjectOf<K>> {
    const name = nameOf(kind, key)
    const cached = this.#cached(kind, key)
    if (cached !== undefined && !this.#behind.has(name)) return cached
    const object = await this.#deps.store.get(kind, key)
    if (cached?.metadata.resourceVersion === object.metadata.resourceVersion) this.#behind.delete(name)
    return object
  }

  async #updateStatus<K extends KindName>(kind: K, object: ObjectOf<K>): Promise<ObjectOf<K>> {
    const name = nameOf(kind, object.metadata)
    const before = this.#behind.get(name)?.status ?? this.#cached(kind, object.metadata)?.status
    const written = await this.#write(kind, object)
    const version = written.metadata.resourceVersion ?? null
    if (this.#cached(kind, object.metadata)?.metadata.resourceVersion !== version)
      this.#behind.set(name, { version, status: written.status })
    this.#deps.told?.onStatus(written, before)
    return written
  }

  async #write<K extends KindName>(kind: K, object: ObjectOf<K>): Promise<ObjectOf<K>> {
    try {
      return await this.#deps.store.updateStatus(kind, object)
    } catch (error) {
      if (isAppError(error, 'CONFLICT'))
        this.#behind.set(nameOf(kind, object.metadata), { version: null, status: undefined })
      throw error
    }
  }

  #cached<K extends KindName>(kind: K, { namespace, name }: ObjectKey): ObjectOf<K> | undefined {
    const key = namespace === undefined ? { name } : { namespace, name }
    if (!isCached(kind)) return undefined
    return this.#deps.cache.get(kind, key)
  }
}

function isCached(kind: KindName): kind is CachedKind {
  return KINDS.some((cached) => cached === kind)
}

function nameOf(kind: KindName, { namespace = '', name }: ObjectKey): string {
  return `${kind}/${namespace}/${name}`
}
