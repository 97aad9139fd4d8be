/** A map that holds the entries used last, and no more of them than it was told. */
export class RecentlyUsed<T> {
  readonly #entries = new Map<string, T>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)
  }

  /** Puts an entry, or marks it as just used; the one unused longest makes room. */
  set(key: string, value: T): void {
    // A map keeps the order of insertion, so the first key is always the one unused longest.
    this.#entries.delete(key)
    this.#entries.set(key, value)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > this.#limit && oldest !== undefined) this.#entries.delete(oldest)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }
}
