import { jitteredBackoffMs } from '#core/backoff.ts'

/** Gives how long a reader waits for its store after so many failures in a row, 1 after the first: at most 30 s. */
export function backoffMs(failures: number, random: number): number {
  return jitteredBackoffMs({ firstMs: 500, maxMs: 30_000 }, failures, random)
}
