import { seededRandom } from '#test/support/random.ts'

/** Choices that a seed decides. */
export class Dice {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    // Neighbouring seeds begin alike; a few throws take them apart.
    for (let turn = 0; turn < 4; turn += 1) this.#random()
  }

  /** True that often: 0 is never, 1 is always. */
  chance(share: number): boolean {
    return this.#random() < share
  }

  /** A whole number below a limit. */
  below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  /** A whole number from the first to the second, both possible. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item
  pick<Item>(items: readonly Item[]): Item | undefined
  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.below(items.length)]
  }

  /** That many, each made anew. */
  some<Item>(least: number, most: number, make: () => Item): Item[] {
    return Array.from({ length: this.between(least, most) }, make)
  }
}
