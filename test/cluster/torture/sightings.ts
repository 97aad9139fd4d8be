import type { KindName } from '#crds/kinds.ts'
import type { Cache } from '#store/cache.ts'
import type { Store } from '#store/store.ts'

import type { Change } from './ledger.ts'
import { placeOf } from './writers.ts'

/** Versions that a new list stepped over: what happened in between shows only in its outcome. */
interface Gap {
  readonly after: number
  readonly upTo: number
}

interface Seen {
  /** Versions that came one by one. */
  readonly versions: Set<number>
  /** Deletions that came one by one. */
  readonly deletedUids: Set<string>
  readonly gaps: Gap[]
  position: number
  relists: number
}

/** Watches the watching: what the store gave, and what a listener of the cache saw. */
export class Sightings {
  readonly #seen = new Map<KindName, Seen>()
  /** What the listener saw last of each object: its version, or that it is gone. */
  readonly #last = new Map<
    string,
    { readonly version: number; readonly uid: string; readonly isGone: boolean }
  >()
  readonly #gone = new Set<string>()
  /** Sentences about a listener that saw time go backwards. */
  readonly backwards: string[] = []

  /** The same store, only that what it gives is noted. */
  around(store: Store): Store {
    const seenOf = (kind: KindName) => this.#of(kind)
    return {
      get: (kind, key) => store.get(kind, key),
      create: (kind, object) => store.create(kind, object),
      update: (kind, object) => store.update(kind, object),
      updateStatus: (kind, object) => store.updateStatus(kind, object),
      delete: (kind, key, options) => store.delete(kind, key, options),
      ping: () => store.ping(),
      async list(kind, options) {
        const page = await store.list(kind, options)
        if (page.metadata.continue === undefined) noteList(seenOf(kind), page.metadata.resourceVersion)
        return page
      },
      async *watch(kind, options) {
        for await (const event of store.watch(kind, options)) {
          const seen = seenOf(kind)
          if (event.type === 'BOOKMARK') {
            seen.position = Number(event.resourceVersion)
          } else {
            const { uid = '', resourceVersion } = event.object.metadata
            seen.position = Number(resourceVersion)
            if (event.type === 'DELETED') seen.deletedUids.add(uid)
            else seen.versions.add(seen.position)
          }
          yield event
        }
      },
    }
  }

  /** Listens to a cache for what must never be: an older version over a newer one, or an object that rises again. */
  listenTo<C extends KindName>(cache: Cache<C>, kind: C): void {
    cache.onChange(kind, ({ type, object: { metadata } }) => {
      const [key, version] = [`${kind} ${placeOf(metadata)}`, Number(metadata.resourceVersion)]
      const { uid = '' } = metadata
      const before = this.#last.get(key)
      const isOlder = before?.uid === uid && version < before.version
      if (isOlder) this.backwards.push(`${key}: ${version} after ${before.version}`)
      if (type !== 'DELETED' && this.#gone.has(uid)) this.backwards.push(`${key}: ${uid} rose again`)
      if (type === 'DELETED') this.#gone.add(uid)
      this.#last.set(key, { version, uid, isGone: type === 'DELETED' })
    })
  }

  /** Changes that came neither one by one nor by way of a list that was made meanwhile. */
  missing(changes: readonly Change[]): readonly Change[] {
    const nextOf = nextVersions(changes)
    return changes.filter((change, at) => {
      const { versions, deletedUids, gaps } = this.#of(change.kind)
      if (change.type === 'put') {
        const isIn = ({ after, upTo }: Gap) => after < change.version && change.version <= upTo
        return !versions.has(change.version) && !gaps.some(isIn)
      }
      const next = nextOf[at] ?? Number.POSITIVE_INFINITY
      const touches = ({ after, upTo }: Gap) => after < next && upTo > change.before
      return !deletedUids.has(change.uid) && !gaps.some(touches)
    })
  }

  /** Objects whose last state the listener did not see last. */
  unfinished(changes: readonly Change[]): readonly string[] {
    const finals = new Map(changes.map((change) => [`${change.kind} ${change.place}`, change]))
    return [...finals].flatMap(([key, { type, version, uid }]) => {
      const last = this.#last.get(key)
      // What was made and deleted between two lists never was, for whoever lists.
      if (type === 'delete') return last === undefined || last.isGone ? [] : [`${key}: still there`]
      const isSeen = last?.uid === uid && !last.isGone && last.version === version
      return isSeen ? [] : [`${key}: ${version}, saw ${last?.version}`]
    })
  }

  /** Whether everything that was put up to now was seen, or stepped over by a list. */
  hasReached(changes: readonly Change[]): boolean {
    const newest = new Map<KindName, number>()
    for (const { kind, version } of changes) newest.set(kind, Math.max(version, newest.get(kind) ?? 0))
    return [...newest].every(([kind, version]) => this.#of(kind).position >= version)
  }

  /** How many changes came one by one. */
  oneByOne(changes: readonly Change[]): number {
    return changes.filter(({ kind, type, version, uid }) => {
      const { versions, deletedUids } = this.#of(kind)
      return type === 'put' ? versions.has(version) : deletedUids.has(uid)
    }).length
  }

  relists(): number {
    return this.#seen.values().reduce((sum, { relists }) => sum + relists, 0)
  }

  #of(kind: KindName): Seen {
    const fresh = {
      versions: new Set<number>(),
      deletedUids: new Set<string>(),
      gaps: [],
      position: 0,
      relists: 0,
    }
    const seen = this.#seen.get(kind) ?? fresh
    this.#seen.set(kind, seen)
    return seen
  }
}

function noteList(seen: Seen, resourceVersion: string): void {
  const upTo = Number(resourceVersion)
  seen.gaps.push({ after: seen.position, upTo })
  seen.position = upTo
  seen.relists += 1
}

/** For each change the version of the next put of the same writer: those of one writer are in order, and share a prefix. */
function nextVersions(changes: readonly Change[]): readonly (number | undefined)[] {
  const next = new Map<string, number>()
  const found: (number | undefined)[] = []
  for (let at = changes.length - 1; at >= 0; at -= 1) {
    const change = changes[at]
    if (change === undefined) continue
    const writer = change.place.replace(/^.*\/(w\d+)-\d+$/, '$1')
    found[at] = next.get(writer)
    if (change.type === 'put') next.set(writer, change.version)
  }
  return found
}
