import type { CancelTimer, Clock } from '#core/clock.ts'

interface Timer {
  readonly dueAt: number
  readonly order: number
  readonly task: () => void
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now: number
  #elapsed = 0
  #order = 0
  readonly #timers = new Set<Timer>()

  constructor(now: number | string = '2026-11-21T10:00:00Z') {
    this.#now = typeof now === 'number' ? now : Date.parse(now)
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#elapsed
  }

  after(delayMs: number, task: () => void): CancelTimer {
    const timer = { dueAt: this.#elapsed + Math.max(0, delayMs), order: this.#order++, task }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves time on, firing what falls due in order, and lets promises settle after each. */
  async advance(byMs: number): Promise<void> {
    const end = this.#elapsed + byMs
    for (let next = this.#nextDue(end); next; next = this.#nextDue(end)) {
      this.#moveTo(next.dueAt)
      this.#timers.delete(next)
      next.task()
      await settle()
    }
    this.#moveTo(end)
    await settle()
  }

  /** A jump of the wall clock, as NTP or a suspended laptop makes it: durations do not notice. */
  jump(byMs: number): void {
    this.#now += byMs
  }

  #moveTo(elapsed: number): void {
    this.#now += elapsed - this.#elapsed
    this.#elapsed = elapsed
  }

  #nextDue(end: number): Timer | undefined {
    const due = [...this.#timers].filter((timer) => timer.dueAt <= end)
    due.sort((a, b) => a.dueAt - b.dueAt || a.order - b.order)
    return due[0]
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
