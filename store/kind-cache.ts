import type { KindName, ObjectOf } from '#crds/kinds.ts'

import { deepFreeze } from './deep-freeze.ts'
import type { ObjectKey, WatchEvent } from './store.ts'

/** One change of an object in memory. */
export interface CacheChange<K extends KindName> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** For a deletion: as it was last. */
  readonly object: ObjectOf<K>
  /** `undefined` for an addition. */
  readonly previous: ObjectOf<K> | undefined
}

/** Hears of changes, after the memory shows them. */
export type CacheListener<K extends KindName> = (change: CacheChange<K>) => void

const NO_NAMESPACE = ''

/** The objects of one kind in memory. What comes out is shared and frozen. */
export class KindCache<K extends KindName> {
  readonly #byNamespace = new Map<string, Map<string, ObjectOf<K>>>()
  readonly #listeners = new Set<CacheListener<K>>()
  #isFilled = false

  /** Whether a complete list has been seen. */
  get isFilled(): boolean {
    return this.#isFilled
  }

  get({ namespace = NO_NAMESPACE, name }: ObjectKey): ObjectOf<K> | undefined {
    return this.#byNamespace.get(namespace)?.get(name)
  }

  /** Without a namespace: all of them. In no order. Costs as much as it gives. */
  list(namespace?: string): readonly ObjectOf<K>[] {
    if (namespace !== undefined) return [...(this.#byNamespace.get(namespace)?.values() ?? [])]
    return this.#byNamespace
      .values()
      .flatMap((objects) => objects.values())
      .toArray()
  }

  /** Calls back once per change, never twice for one version. Returns how to stop listening. */
  onChange(listener: CacheListener<K>): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Takes a complete list; whoever listens hears of the differences when all of them are in. */
  replaceAll(objects: readonly ObjectOf<K>[]): void {
    const gone = new Set(this.list())
    const changes: CacheChange<K>[] = []
    for (const object of objects) {
      const previous = this.get(object.metadata)
      if (previous) gone.delete(previous)
      if (isSameVersion(previous, object)) continue
      changes.push(this.#put(object))
    }
    for (const object of gone) changes.push(this.#remove(object))
    this.#isFilled = true
    for (const change of changes) this.#tell(change)
  }

  apply({ type, object }: Exclude<WatchEvent<K>, { readonly type: 'BOOKMARK' }>): void {
    const previous = this.get(object.metadata)
    if (type === 'DELETED') {
      if (previous) this.#tell(this.#remove(object))
      return
    }
    if (!isSameVersion(previous, object)) this.#tell(this.#put(object))
  }

  #put(object: ObjectOf<K>): CacheChange<K> {
    const { namespace = NO_NAMESPACE, name } = object.metadata
    const objects = this.#byNamespace.get(namespace) ?? new Map<string, ObjectOf<K>>()
    const previous = objects.get(name)
    objects.set(name, deepFreeze(object))
    this.#byNamespace.set(namespace, objects)
    return { type: previous ? 'MODIFIED' : 'ADDED', object, previous }
  }

  #remove(object: ObjectOf<K>): CacheChange<K> {
    const { namespace = NO_NAMESPACE, name } = object.metadata
    const objects = this.#byNamespace.get(namespace)
    const previous = objects?.get(name)
    objects?.delete(name)
    if (objects?.size === 0) this.#byNamespace.delete(namespace)
    return { type: 'DELETED', object: deepFreeze(object), previous }
  }

  #tell(change: CacheChange<K>): void {
    for (const listener of this.#listeners) listener(change)
  }
}

function isSameVersion<K extends KindName>(a: ObjectOf<K> | undefined, b: ObjectOf<K>): boolean {
  return a !== undefined && a.metadata.resourceVersion === b.metadata.resourceVersion
}
