import type { Logger } from '#api/logger.ts'
import { type Leadership, whileLeading } from '#controller/leadership.ts'
import type { Clock } from '#core/clock.ts'
import { isAppError } from '#core/errors.ts'

/** What is done now and then by the one replica that leads. */
export interface Duties {
  readonly leadership: Leadership
  readonly clock: Clock
  readonly logger: Logger
  /** Each by itself: one that fails is tried again the next time. May be repeated. */
  readonly tasks: readonly (() => Promise<void>)[]
}

const EVERY_MS = 600_000
/** Whoever leads from now on has other things to do first. */
const FIRST_AFTER_MS = 60_000

/** Does the duties while this process leads. Returns how to stop. */
export function doDuties({ leadership, clock, logger, tasks }: Duties): () => void {
  return whileLeading(leadership, () => {
    let cancel = clock.after(FIRST_AFTER_MS, () => void round())
    let isOver = false
    const round = async (): Promise<void> => {
      for (const task of tasks) {
        if (!isOver) await attempt(task, logger)
      }
      if (!isOver) cancel = clock.after(EVERY_MS, () => void round())
    }
    return () => {
      isOver = true
      cancel()
    }
  })
}

async function attempt(task: () => Promise<void>, logger: Logger): Promise<void> {
  try {
    await task()
  } catch (error) {
    if (!isAppError(error)) throw error
    logger.warn({ err: error }, 'cleaning up failed and will be tried again')
  }
}
