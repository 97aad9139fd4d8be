import type { KindName, ObjectOf } from '#crds/kinds.ts'

/**
 * Names one object of a kind. `namespace` is present for namespaced kinds and absent for cluster-scoped ones.
 * A user's resources live in that user's own namespace (`User.namespace`) and never leave it.
 */
export interface ObjectKey {
  readonly namespace?: string
  readonly name: string
}

/** What narrows a list or a watch. Selectors use the Kubernetes syntax; a bad one rejects with `REQUEST_MALFORMED`. */
export interface Selection {
  /** Absent: all namespaces. */
  readonly namespace?: string
  /** `a=b,c!=d,e in (x,y),f notin (x),g,!h` */
  readonly labelSelector?: string
  /** `metadata.name`, `metadata.namespace` and the kind's selectable fields, with `=`, `==`, `!=`. */
  readonly fieldSelector?: string
}

export interface ListOptions extends Selection {
  /** Page size; absent or 0: everything. */
  readonly limit?: number
  /** The token of the page before. All pages show the same version; one that outlived the history rejects with `EXPIRED`. */
  readonly continue?: string
}

export interface ObjectList<K extends KindName> {
  /** Ordered by namespace, then name (code points). */
  readonly items: readonly ObjectOf<K>[]
  readonly metadata: {
    /** A watch from here misses nothing that happened after this list. */
    readonly resourceVersion: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
}

export interface WatchOptions extends Selection {
  /** Only changes after this version. Absent: the current objects as `ADDED` first, then changes. */
  readonly resourceVersion?: string
  /** Ends the watch without an error. */
  readonly signal: AbortSignal
}

export type WatchEvent<K extends KindName> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: ObjectOf<K> }
  /** Nothing up to this version is missing; a watch may be resumed from here. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

export interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

/** An object on its way in: server-set metadata may be absent, and is ignored where the server decides it. */
export type NewObject<K extends KindName> = Omit<ObjectOf<K>, 'status'>

/**
 * Resources with Kubernetes semantics, whatever keeps them.
 *
 * Every object is validated against its kind's schema and rules before it is stored (`INVALID`, naming the path, never the
 * value). What a method resolved is durable. Objects that come out are the caller's own: changing one changes nothing here.
 * All methods reject with `STORE_UNAVAILABLE` while the store cannot be reached.
 */
export interface Store {
  /** Rejects with `NOT_FOUND`. */
  get<K extends KindName>(kind: K, key: ObjectKey): Promise<ObjectOf<K>>

  /** Rejects with `EXPIRED` for a continue token that outlived the history. */
  list<K extends KindName>(kind: K, options?: ListOptions): Promise<ObjectList<K>>

  /**
   * Sets `uid`, `creationTimestamp`, `generation: 1` and `resourceVersion`; drops a status. Rejects with `ALREADY_EXISTS`,
   * and with `NOT_FOUND` when the namespace is nobody's.
   */
  create<K extends KindName>(kind: K, object: NewObject<K>): Promise<ObjectOf<K>>

  /**
   * Replaces spec and the writable metadata (labels, annotations, finalizers, owners); keeps the status. Bumps `generation`
   * only if spec changed. With `metadata.resourceVersion` the write is conditional: a stale one rejects with `CONFLICT`.
   * An update that changes nothing keeps the version. Removing the last finalizer of an object being deleted deletes it.
   * Rejects with `NOT_FOUND`; a `metadata.uid` of another object rejects with `CONFLICT`.
   */
  update<K extends KindName>(kind: K, object: NewObject<K>): Promise<ObjectOf<K>>

  /**
   * Replaces the status and nothing else; same version rules as `update`. Never bumps `generation`. An empty list or map in
   * it, and an empty status, are the same as none. What somebody else than this product wrote into it may stay.
   */
  updateStatus<K extends KindName>(kind: K, object: ObjectOf<K>): Promise<ObjectOf<K>>

  /**
   * Deletes; with finalizers left it only sets `deletionTimestamp`. A failed precondition rejects with `CONFLICT`.
   * Resolves with the object as it was (or as it is while its finalizers run). Rejects with `NOT_FOUND`.
   */
  delete<K extends KindName>(kind: K, key: ObjectKey, options?: DeleteOptions): Promise<ObjectOf<K>>

  /**
   * Streams changes in version order until `signal` aborts. An object that starts or stops matching the selection shows as
   * `ADDED` or `DELETED`. Rejects with `EXPIRED` when the version is older than the kept history; the caller lists again.
   */
  watch<K extends KindName>(kind: K, options: WatchOptions): AsyncIterable<WatchEvent<K>>

  /** Resolves if a read would work now; rejects with `STORE_UNAVAILABLE`. For readiness. */
  ping(): Promise<void>
}
