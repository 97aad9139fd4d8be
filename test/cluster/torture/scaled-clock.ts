import { systemClock } from '#cli/system-clock.ts'
import type { Clock } from '#core/clock.ts'

/** Time in which waiting goes `speed` times as fast: a minute of patience is over after six seconds at 10. */
export function scaledClock(speed: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * speed,
    after: (delayMs, task) => systemClock.after(delayMs / speed, task),
  }
}
