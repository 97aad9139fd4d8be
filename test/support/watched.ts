import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type { Store, WatchEvent, WatchOptions } from '#store/store.ts'

/** A change as tests compare it. */
export type SeenChange<K extends KindName> = Extract<WatchEvent<K>, { readonly object: ObjectOf<K> }>

/** A running watch of which a test takes one event after the other. */
export class Watched<K extends KindName> {
  readonly #stop = new AbortController()
  readonly #events: AsyncIterator<WatchEvent<K>>

  constructor(store: Store, kind: K, options: Omit<WatchOptions, 'signal'> = {}) {
    this.#events = store.watch(kind, { ...options, signal: this.#stop.signal })[Symbol.asyncIterator]()
  }

  /** The next event, bookmarks included. */
  async nextEvent(): Promise<WatchEvent<K>> {
    const { value, done } = await this.#events.next()
    if (done === true) throw new Error('the watch ended')
    return value
  }

  /** The next change; bookmarks are passed over. */
  async next(): Promise<SeenChange<K>> {
    for (;;) {
      const event = await this.nextEvent()
      if (event.type !== 'BOOKMARK') return event
    }
  }

  /** The next changes as `ADDED name`. */
  async take(count: number): Promise<readonly string[]> {
    const seen: string[] = []
    while (seen.length < count) {
      const { type, object } = await this.next()
      seen.push(`${type} ${object.metadata.name}`)
    }
    return seen
  }

  /** Ends it and tells whether it ended without another change. */
  async stop(): Promise<boolean> {
    this.#stop.abort()
    const { done } = await this.#events.next()
    return done === true
  }
}
