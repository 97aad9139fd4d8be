import { MAX_BACKOFF_MS } from '#core/auth-sync-input.ts'
import { jitteredBackoffMs } from '#core/backoff.ts'

/** Gives the waiting time after so many failures in a row, 1 after the first: at most 1 s then, at most 5 min ever (spec 05). */
export function backoffMs(failures: number, random: number): number {
  return jitteredBackoffMs({ firstMs: 1_000, maxMs: MAX_BACKOFF_MS }, failures, random)
}
