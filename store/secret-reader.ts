import type { Secret } from '#core/secret.ts'

/** Names one entry of a Kubernetes Secret in the namespace of the resource that refers to it. */
export interface SecretRef {
  readonly name: string
  readonly key: string
}

/** What a referenced entry holds. */
export interface ReferencedSecret {
  /** UTF-8; `null`: the object is there and has no such entry. */
  readonly text: Secret<string> | null
  /** Opaque; changes with every change of the object that holds it. */
  readonly version: string
  /** Epoch ms of its last change, whole seconds. */
  readonly changedAt: number
  /** Whether the object is marked as one of ours: `onChange` tells of its next change. */
  readonly isMarked: boolean
}

/** Reads what resources refer to. Only a cluster has such objects. */
export interface SecretReader {
  /** Rejects with `NOT_FOUND` (no such object), `INVALID` (over 1 MiB, or not UTF-8) or `STORE_UNAVAILABLE`. */
  read(namespace: string, ref: SecretRef): Promise<ReferencedSecret>
  /** Calls back when an object that is marked as one of ours was made, changed or deleted. Returns how to stop listening. */
  onChange(listener: (namespace: string, name: string) => void): () => void
}
