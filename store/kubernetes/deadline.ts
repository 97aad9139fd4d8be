import type { Clock } from '#core/clock.ts'

const DEFAULT_MS = 30_000

/** Ends an exchange when its caller does, or when it takes too long. */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #outer: AbortSignal | undefined
  readonly #onAbort = () => this.#controller.abort()
  readonly #cancel: () => void
  #hasPassed = false

  constructor(
    clock: Clock,
    { signal, timeoutMs = DEFAULT_MS }: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ) {
    this.#outer = signal
    this.#cancel = clock.after(timeoutMs, () => {
      this.#hasPassed = true
      this.#controller.abort()
    })
    if (signal?.aborted) this.#controller.abort()
    signal?.addEventListener('abort', this.#onAbort)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get hasPassed(): boolean {
    return this.#hasPassed
  }

  /** The answer began: from here it may take as long as it likes. */
  lift(): void {
    this.#cancel()
  }

  /** The exchange is over. */
  clear(): void {
    this.#cancel()
    this.#outer?.removeEventListener('abort', this.#onAbort)
  }

  /** Ends the exchange wherever it is. */
  end(): void {
    this.clear()
    this.#controller.abort()
  }
}
