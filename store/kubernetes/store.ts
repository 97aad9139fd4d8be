import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type {
  DeleteOptions,
  ListOptions,
  NewObject,
  ObjectKey,
  ObjectList,
  Store,
  WatchEvent,
  WatchOptions,
} from '#store/store.ts'

import { listObjects } from './list.ts'
import { type WatchDeps, watchObjects } from './watch.ts'
import { applyStatus, createObject, deleteObject, getObject, updateObject } from './write.ts'

/** A server that did what it was asked so lately is there. */
const FRESH_MS = 15_000

/** Resources as custom resources of an API server. It judges every write; what is wrong is said here before it is asked. */
export class KubernetesStore implements Store {
  readonly #deps: WatchDeps

  constructor(deps: WatchDeps) {
    this.#deps = deps
  }

  async get<K extends KindName>(kind: K, key: ObjectKey): Promise<ObjectOf<K>> {
    return getObject(this.#deps.client, kind, key)
  }

  async list<K extends KindName>(kind: K, options: ListOptions = {}): Promise<ObjectList<K>> {
    return listObjects(this.#deps.client, kind, options)
  }

  async create<K extends KindName>(kind: K, object: NewObject<K>): Promise<ObjectOf<K>> {
    return createObject(this.#deps.client, kind, object)
  }

  async update<K extends KindName>(kind: K, object: NewObject<K>): Promise<ObjectOf<K>> {
    return updateObject(this.#deps.client, kind, object)
  }

  async updateStatus<K extends KindName>(kind: K, object: ObjectOf<K>): Promise<ObjectOf<K>> {
    return applyStatus(this.#deps.client, kind, object)
  }

  async delete<K extends KindName>(
    kind: K,
    key: ObjectKey,
    { preconditions }: DeleteOptions = {},
  ): Promise<ObjectOf<K>> {
    return deleteObject(this.#deps.client, kind, { key, preconditions })
  }

  watch<K extends KindName>(kind: K, options: WatchOptions): AsyncIterable<WatchEvent<K>> {
    return watchObjects(this.#deps, kind, options)
  }

  // Leases are renewed every few seconds: asked by probes, a replica that holds one costs nothing more.
  async ping(): Promise<void> {
    const { client, clock } = this.#deps
    if (clock.monotonic() - client.heardAt < FRESH_MS) return
    await listObjects(client, 'Runtime', { limit: 1 })
  }
}
