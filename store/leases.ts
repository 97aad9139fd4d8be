/** Says who may do something, and until when. Times are of the holder's clock: others measure how long they see no change. */
export interface Lease {
  readonly name: string
  /** `null`: nobody, it was released. */
  readonly holder: string | null
  readonly durationSeconds: number
  /** Epoch ms. */
  readonly acquiredAt: number
  /** Epoch ms. */
  readonly renewedAt: number
  /** How often the holder changed. */
  readonly transitions: number
  readonly annotations: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** Opaque; absent on its way in when it is to be made. */
  readonly resourceVersion?: string
}

/** Leases in the operator's own namespace. Every write is conditional: of two at once, one wins. */
export interface Leases {
  /** Resolves `undefined` for none of this name. */
  get(name: string): Promise<Lease | undefined>
  /** `label=value`, Kubernetes syntax. */
  list(labelSelector: string): Promise<readonly Lease[]>
  /** Rejects with `ALREADY_EXISTS`. */
  create(lease: Lease): Promise<Lease>
  /** Rejects with `CONFLICT` when it changed since `resourceVersion`, with `NOT_FOUND` when it is gone. */
  update(lease: Lease): Promise<Lease>
  /** Deletes it as it was at `resourceVersion`; resolves when it is gone already. Rejects with `CONFLICT`. */
  delete(lease: Lease): Promise<void>
}
