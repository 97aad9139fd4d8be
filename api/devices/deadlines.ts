import type { CancelTimer, Clock } from '#core/clock.ts'

/**
 * Says when an item was not touched for a fixed time, with one timer for all items.
 *
 * The delay is the same for all, so the order in which they were touched is the order in which they fall due. Touching costs
 * two map operations and arms nothing; ten thousand devices that heartbeat every 30 s cause about one timer a minute.
 */
export class Deadlines<T> {
  readonly #clock: Clock
  readonly #delayMs: number
  readonly #onDue: (item: T) => void
  readonly #dueAt = new Map<T, number>()
  #cancel: CancelTimer | null = null

  constructor(clock: Clock, delayMs: number, onDue: (item: T) => void) {
    this.#clock = clock
    this.#delayMs = delayMs
    this.#onDue = onDue
  }

  /** Starts the item's time anew. */
  touch(item: T): void {
    this.#dueAt.delete(item)
    this.#dueAt.set(item, this.#clock.monotonic() + this.#delayMs)
    if (this.#cancel === null) this.#arm(this.#delayMs)
  }

  /** Forgets the item; it will not fall due. */
  drop(item: T): void {
    this.#dueAt.delete(item)
  }

  /** Forgets all items. */
  clear(): void {
    this.#dueAt.clear()
    this.#cancel?.()
    this.#cancel = null
  }

  #arm(delayMs: number): void {
    this.#cancel = this.#clock.after(Math.max(1, delayMs), () => {
      this.#cancel = null
      this.#fire()
    })
  }

  #fire(): void {
    const now = this.#clock.monotonic()
    for (const [item, dueAt] of this.#dueAt) {
      if (dueAt > now) {
        if (this.#cancel === null) this.#arm(dueAt - now)
        return
      }
      this.#dueAt.delete(item)
      this.#onDue(item)
    }
  }
}
