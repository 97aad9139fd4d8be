import type { SyncOutcome } from '#core/auth-sync-request.ts'

/** Told how a requested sync of one device ended. */
export type OutcomeListener = (outcome: SyncOutcome) => void

/** Who waits for a requested sync, by key, until its command goes out or a reason against one is found. */
export class SyncRequests {
  readonly #waiting = new Map<string, readonly OutcomeListener[]>()

  has(keyText: string): boolean {
    return this.#waiting.has(keyText)
  }

  add(keyText: string, listeners: readonly OutcomeListener[]): void {
    if (listeners.length > 0)
      this.#waiting.set(keyText, [...(this.#waiting.get(keyText) ?? []), ...listeners])
  }

  /** Hands over those who wait for a key, and forgets them. */
  take(keyText: string): readonly OutcomeListener[] {
    const listeners = this.#waiting.get(keyText) ?? []
    this.#waiting.delete(keyText)
    return listeners
  }

  /** Keys somebody waits for. */
  keys(): readonly string[] {
    return [...this.#waiting.keys()]
  }
}
