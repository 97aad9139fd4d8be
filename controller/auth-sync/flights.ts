import type { SyncOutcome } from '#core/auth-sync-request.ts'

import type { OutcomeListener } from './requests.ts'

interface Flight {
  /** The document on its way; `null`: the command carries none. */
  readonly sha256: string | null
  listeners: readonly OutcomeListener[]
}

/** Commands on their way to devices, at most one per key. */
export class Flights {
  readonly #flights = new Map<string, Flight>()
  readonly #running = new Set<Promise<void>>()

  /** How many commands are on their way. */
  get size(): number {
    return this.#flights.size
  }

  /** Whether a command of this key is on its way. */
  has(keyText: string): boolean {
    return this.#flights.has(keyText)
  }

  /** Starts a command; `task` must not reject, and must call {@link land}. */
  start(keyText: string, flight: Flight, task: () => Promise<void>): void {
    this.#flights.set(keyText, flight)
    const running = task().finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Lets somebody wait for the command that is on its way, if it carries what they want. */
  join(keyText: string, sha256: string | null, listeners: readonly OutcomeListener[]): boolean {
    const flight = this.#flights.get(keyText)
    if (flight === undefined || sha256 === null || flight.sha256 !== sha256) return false
    flight.listeners = [...flight.listeners, ...listeners]
    return true
  }

  /** Ends a command and tells those who wait; without an outcome they are handed back, to wait for another one. */
  land(keyText: string, outcome: SyncOutcome | null): readonly OutcomeListener[] {
    const listeners = this.#flights.get(keyText)?.listeners ?? []
    this.#flights.delete(keyText)
    if (outcome === null) return listeners
    for (const listener of listeners) listener(outcome)
    return []
  }

  /** Resolves when what is on its way now has ended. */
  async landed(): Promise<void> {
    await Promise.all(this.#running)
  }
}
