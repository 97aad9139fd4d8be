import type { Clock } from '#core/clock.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'

import { type CacheListener, KindCache } from './kind-cache.ts'
import type { ObjectKey, Store } from './store.ts'
import { runWatchLoop } from './watch-loop.ts'

/** What a cache is made of. */
export interface CacheOptions<K extends KindName> {
  readonly store: Store
  readonly kinds: readonly K[]
  readonly clock: Clock
  /** 0 to 1, for the jitter of the back-off; absent: `Math.random`. */
  readonly random?: () => number
  /** Told of a listener that throws: the cache goes on, with a fresh list. */
  readonly onBug?: (error: unknown) => void
}

/** Objects of some kinds in memory, kept fresh by watches. What comes out is shared and frozen. */
export interface Cache<C extends KindName> {
  /**
   * Begins to watch, until `signal` aborts. Resolves when every kind is complete, or the signal aborts before that; an
   * unreachable store only delays it. To be called once.
   */
  start(signal: AbortSignal): Promise<void>
  get<K extends C>(kind: K, key: ObjectKey): ObjectOf<K> | undefined
  /** Without a namespace: all of them. In no order. */
  list<K extends C>(kind: K, namespace?: string): readonly ObjectOf<K>[]
  /** Calls back after each change, when the memory shows it. Returns how to stop listening. */
  onChange<K extends C>(kind: K, listener: CacheListener<K>): () => void
  /** The same for one kind, without naming it each time. */
  of<K extends C>(kind: K): Pick<KindCache<K>, 'get' | 'list' | 'onChange'>
  /** Monotonic ms since the store was last heard of; infinite before. An idle store says nothing. */
  lastEventAgeMs(kind: C): number
  /** Whether every kind is complete and still watched. */
  readonly isSynced: boolean
}

interface Entry<K extends KindName> {
  readonly cache: KindCache<K>
  heardAt: number
  /** The signal aborted. */
  isOver: boolean
  /** A bug came in between; a list is due. */
  isBroken: boolean
  readonly filled: PromiseWithResolvers<void>
}

type Entries = { readonly [K in KindName]?: Entry<K> }

/** Makes a cache; nothing happens before `start`. An idle store costs it nothing: there is no polling and no timer. */
export function createCache<C extends KindName>(options: CacheOptions<C>): Cache<C> {
  const { store, kinds, clock, random = Math.random, onBug } = options
  const entries: Entries = Object.fromEntries(kinds.map((kind) => [kind, newEntry()]))
  const entryOf = <K extends KindName>(kind: K): Entry<K> => {
    const entry = entries[kind]
    if (entry === undefined) throw new Error(`the cache was not made for kind ${kind}`)
    return entry
  }
  const run = (kind: C, signal: AbortSignal) => {
    const entry = entryOf(kind)
    const over = () => {
      entry.isOver = true
    }
    return runWatchLoop(
      { store, clock, random, onBug },
      { kind, sink: sinkOf(entry, clock) },
      signal,
    ).finally(over)
  }
  return {
    start: async (signal) => {
      const loops = kinds.map((kind) => run(kind, signal))
      const filled = kinds.map((kind) => entryOf(kind).filled.promise)
      await Promise.race([Promise.all(filled), Promise.all(loops)])
    },
    get: (kind, key) => entryOf(kind).cache.get(key),
    list: (kind, namespace) => entryOf(kind).cache.list(namespace),
    onChange: (kind, listener) => entryOf(kind).cache.onChange(listener),
    of: (kind) => entryOf(kind).cache,
    lastEventAgeMs: (kind) => clock.monotonic() - entryOf(kind).heardAt,
    get isSynced() {
      return kinds.map(entryOf).every(({ cache, isOver, isBroken }) => cache.isFilled && !isOver && !isBroken)
    },
  }
}

function newEntry<K extends KindName>(): Entry<K> {
  return {
    cache: new KindCache<K>(),
    heardAt: Number.NEGATIVE_INFINITY,
    isOver: false,
    isBroken: false,
    filled: Promise.withResolvers<void>(),
  }
}

function sinkOf<K extends KindName>(entry: Entry<K>, clock: Clock) {
  return {
    replaceAll: (objects: readonly ObjectOf<K>[]) => {
      entry.isBroken = false
      entry.cache.replaceAll(objects)
      entry.filled.resolve()
    },
    apply: (event: Parameters<KindCache<K>['apply']>[0]) => entry.cache.apply(event),
    heard: () => {
      entry.heardAt = clock.monotonic()
    },
    lost: () => {
      entry.isBroken = true
    },
  }
}
