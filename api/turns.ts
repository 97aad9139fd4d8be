/** Lets those who change the same thing go one after another. */
export class Turns {
  readonly #tails = new Map<string, Promise<void>>()

  /** Does the work when all work with this key that came before is over, however it ended. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key)
    const { promise: over, resolve: end } = Promise.withResolvers<void>()
    this.#tails.set(key, over)
    await before
    try {
      return await work()
    } finally {
      end()
      if (this.#tails.get(key) === over) this.#tails.delete(key)
    }
  }
}
