import { afterEach, beforeEach } from 'vitest'

import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type { Store } from '#store/store.ts'
import { Watched } from '#test/support/watched.ts'

/** An adapter under test, fresh for each case. */
export interface StoreSubject {
  readonly store: Store
  /** Two users' own. Nobody else writes there. */
  readonly namespaces: readonly [string, string]
  /** A namespace in the right form that is nobody's. */
  readonly nobody: string
  /** Forgets the history up to now, as time would. */
  compact(): Promise<void>
  /** Restarts whatever keeps the objects; `store` is another one afterwards. */
  reopen(): Promise<void>
  close(): Promise<void>
}

export type OpenSubject = () => Promise<StoreSubject>

/** The subject of the running case, and what cases need of it. */
export class Bench {
  #subject: StoreSubject | undefined
  readonly #watches: { stop(): Promise<boolean> }[] = []
  #names = 0

  constructor(open: OpenSubject) {
    beforeEach(async () => {
      this.#subject = await open()
    })
    afterEach(async () => {
      await Promise.allSettled(this.#watches.splice(0).map((watch) => watch.stop()))
      await this.#subject?.close()
    })
  }

  get subject(): StoreSubject {
    if (this.#subject === undefined) throw new Error('there is no running case')
    return this.#subject
  }

  get store(): Store {
    return this.subject.store
  }

  get mine(): string {
    return this.subject.namespaces[0]
  }

  get theirs(): string {
    return this.subject.namespaces[1]
  }

  /** A name that no other case uses: cluster-scoped kinds may be shared by all of them. */
  unique(prefix: string): string {
    this.#names += 1
    return `${prefix}-${process.pid}-${Date.now().toString(36)}-${this.#names}`
  }

  watch<K extends KindName>(kind: K, options: ConstructorParameters<typeof Watched>[2] = {}): Watched<K> {
    const watch = new Watched(this.store, kind, options)
    this.#watches.push(watch)
    return watch
  }

  /** The version of the store now. */
  async version(kind: KindName = 'Device'): Promise<string> {
    return (await this.store.list(kind, { namespace: this.mine })).metadata.resourceVersion
  }
}

/** The names, in order. */
export function names(objects: readonly ObjectOf<KindName>[]): readonly string[] {
  return objects.map((object) => object.metadata.name)
}
