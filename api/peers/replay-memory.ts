import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'

/** Far more than replicas ask each other in a minute and a half. */
const MAX_REMEMBERED = 200_000

/** Remembers ids for a fixed time, so that each is taken once. */
export class ReplayMemory {
  readonly #clock: Clock
  readonly #keepMs: number
  readonly #limit: number
  /** Monotonic ms at which each came, in that order. */
  readonly #seen = new Map<string, number>()

  constructor(clock: Clock, keepMs: number, limit = MAX_REMEMBERED) {
    this.#clock = clock
    this.#keepMs = keepMs
    this.#limit = limit
  }

  /** Takes an id; `false`: it was taken before. @throws AppError `RATE_LIMITED` when no more can be remembered */
  take(id: string): boolean {
    const now = this.#clock.monotonic()
    this.#forget(now)
    if (this.#seen.has(id)) return false
    if (this.#seen.size >= this.#limit)
      throw new AppError('RATE_LIMITED', 'too many messages of replicas lately; try again in a minute')
    this.#seen.set(id, now)
    return true
  }

  #forget(now: number): void {
    for (const [id, at] of this.#seen) {
      if (now - at < this.#keepMs) return
      this.#seen.delete(id)
    }
  }
}
