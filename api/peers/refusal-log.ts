import type { Logger } from '#api/logger.ts'
import type { Clock } from '#core/clock.ts'
import { isAppError } from '#core/errors.ts'

const ONCE_IN_MS = 60_000

/** Says why questions were refused, each reason at most once a minute: whoever asks in vain must not fill the log. */
export class RefusalLog {
  readonly #logger: Logger
  readonly #clock: Clock
  /** Monotonic ms by path and code: there are few of both. */
  readonly #saidAt = new Map<string, number>()

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger
    this.#clock = clock
  }

  /** Says it, unless that was said lately. Anything that is no expected failure is left to the boundary. */
  note(path: string, error: unknown): void {
    if (!isAppError(error)) return
    const [key, now] = [`${path} ${error.code}`, this.#clock.monotonic()]
    if (now - (this.#saidAt.get(key) ?? Number.NEGATIVE_INFINITY) < ONCE_IN_MS) return
    this.#saidAt.set(key, now)
    this.#logger.warn(
      { path, code: error.code, reason: error.message },
      'a question to this replica was refused',
    )
  }
}
