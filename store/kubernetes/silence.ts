import type { Clock } from '#core/clock.ts'

// A bookmark comes every minute. Two that are missing and a half: nobody is there any more.
const LONGEST_MS = 150_000

/** Ends a stream in which nothing was heard for too long: a connection may be dead without either side being told. */
export class Silence {
  readonly #clock: Clock
  readonly #outer: AbortSignal
  readonly #controller = new AbortController()
  readonly #onAbort = () => this.#controller.abort()
  #heardAt: number
  #cancel: () => void
  #isOver = false

  constructor(clock: Clock, outer: AbortSignal) {
    this.#clock = clock
    this.#outer = outer
    this.#heardAt = clock.monotonic()
    this.#cancel = clock.after(LONGEST_MS, () => this.#look())
    if (outer.aborted) this.#controller.abort()
    outer.addEventListener('abort', this.#onAbort)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Whether it lasted too long. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Something was heard. Costs nothing: the timer looks when it is due. */
  feed(): void {
    this.#heardAt = this.#clock.monotonic()
  }

  end(): void {
    this.#cancel()
    this.#outer.removeEventListener('abort', this.#onAbort)
  }

  #look(): void {
    const left = this.#heardAt + LONGEST_MS - this.#clock.monotonic()
    if (left > 0) {
      this.#cancel = this.#clock.after(left, () => this.#look())
      return
    }
    this.#isOver = true
    this.#controller.abort()
  }
}
