import type { Logger } from '#api/logger.ts'
import type { Clock } from '#core/clock.ts'
import { isAppError } from '#core/errors.ts'
import { backoffMs } from '#store/backoff.ts'
import { sleep } from '#store/sleep.ts'

/** What waiting for a store stands on. */
export interface Patience {
  readonly clock: Clock
  readonly logger: Logger
  /** Ends the waiting, as if it had been done. */
  readonly signal: AbortSignal
}

/** A store may insist for long before it says that it cannot. */
const SAY_AFTER_MS = 3_000

/**
 * Does something with a store that may not be there yet, until it is done: a server that starts before its store, or before it was
 * allowed to use it, goes on by itself. Says why it waits, once for each reason.
 */
export async function persistently(
  task: () => Promise<void>,
  { clock, logger, signal }: Patience,
): Promise<void> {
  let said = ''
  const cancel = clock.after(SAY_AFTER_MS, () => logger.warn({}, 'the store has not answered yet'))
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      await task()
      break
    } catch (error) {
      if (!isAppError(error, 'STORE_UNAVAILABLE')) throw error
      if (error.message !== said) logger.warn({ err: error }, 'waiting for the store')
      said = error.message
    }
    await sleep(clock, backoffMs(failures, Math.random()), signal)
  }
  cancel()
}
