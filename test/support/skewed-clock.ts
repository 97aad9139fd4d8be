import type { CancelTimer, Clock } from '#core/clock.ts'

/** Another machine's clock: its time of day is off by any amount, and its seconds are a little longer or shorter. */
export class SkewedClock implements Clock {
  readonly #base: Clock
  readonly #rate: number
  readonly #offsetMs: number

  constructor(base: Clock, skew: { readonly rate: number; readonly offsetMs: number }) {
    this.#base = base
    this.#rate = skew.rate
    this.#offsetMs = skew.offsetMs
  }

  now(): number {
    return this.#base.now() + this.#offsetMs
  }

  monotonic(): number {
    return this.#base.monotonic() * this.#rate
  }

  after(delayMs: number, task: () => void): CancelTimer {
    return this.#base.after(delayMs / this.#rate, task)
  }
}
