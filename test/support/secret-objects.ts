import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import type { ReferencedSecret, SecretReader, SecretRef } from '#store/secret-reader.ts'

interface SecretObject {
  readonly entries: Readonly<Record<string, string>>
  readonly version: number
  readonly changedAt: number
  readonly isMarked: boolean
}

/** The Secrets of a cluster, in memory. */
export class SecretObjects implements SecretReader {
  readonly #now: () => number
  readonly #objects = new Map<string, SecretObject>()
  readonly #listeners = new Set<(namespace: string, name: string) => void>()
  #changes = 0
  /** How often a Secret was asked for. */
  reads = 0
  /** What the next readings fail with. */
  failure: AppError | null = null

  constructor(now: () => number) {
    this.#now = now
  }

  /** Makes or replaces a Secret; only a marked one tells. */
  put(place: string, entries: Readonly<Record<string, string>>, { isMarked = false } = {}): void {
    this.#changes += 1
    const changedAt = Math.floor(this.#now() / 1_000) * 1_000
    this.#objects.set(place, { entries, version: this.#changes, changedAt, isMarked })
    if (isMarked) this.tell(place)
  }

  remove(place: string, { isMarked = false } = {}): void {
    this.#objects.delete(place)
    if (isMarked) this.tell(place)
  }

  async read(namespace: string, { name, key }: SecretRef): Promise<ReferencedSecret> {
    this.reads += 1
    if (this.failure !== null) throw this.failure
    const object = this.#objects.get(`${namespace}/${name}`)
    if (object === undefined) throw new AppError('NOT_FOUND', `no Secret ${name}`)
    const text = object.entries[key]
    const { version, changedAt, isMarked } = object
    return {
      text: text === undefined ? null : new Secret(text),
      version: String(version),
      changedAt,
      isMarked,
    }
  }

  onChange(listener: (namespace: string, name: string) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Whoever listens hears of a Secret. */
  tell(place: string): void {
    const [namespace = '', name = ''] = place.split('/')
    for (const listener of this.#listeners) listener(namespace, name)
  }
}
