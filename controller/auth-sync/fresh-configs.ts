import type { ObjectOf } from '#crds/kinds.ts'
import { findObject } from '#store/find-object.ts'
import type { Store } from '#store/store.ts'

type Found = ObjectOf<'UserRuntimeConfig'> | undefined

interface Read {
  hasBegun: boolean
  readonly found: Promise<Found>
}

/**
 * Reads configurations from the store, past the memory. Whoever asks gets a read that began after the question; those who ask
 * while none has begun share one. A switch that is turned asks for every device of its user at once.
 */
export class FreshConfigs {
  readonly #store: Pick<Store, 'get'>
  readonly #reads = new Map<string, Read>()

  constructor(store: Pick<Store, 'get'>) {
    this.#store = store
  }

  /** Resolves `undefined` for none; rejects with `STORE_UNAVAILABLE`. */
  find(key: { readonly namespace: string; readonly name: string }): Promise<Found> {
    const name = `${key.namespace}/${key.name}`
    const before = this.#reads.get(name)
    if (before?.hasBegun === false) return before.found
    const begin = (): Promise<Found> => {
      read.hasBegun = true
      return findObject(this.#store, 'UserRuntimeConfig', key)
    }
    const turn = before?.found.catch(() => undefined) ?? Promise.resolve(undefined)
    const read: Read = { hasBegun: false, found: turn.then(begin) }
    this.#reads.set(name, read)
    const forget = (): void => {
      if (this.#reads.get(name) === read) this.#reads.delete(name)
    }
    read.found.then(forget, forget)
    return read.found
  }
}
