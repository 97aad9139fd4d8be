import { MAX_BACKOFF_MS } from '#core/auth-sync-input.ts'

/** Ceiling of the waiting time after the first failure. */
const FIRST_MS = 1_000

/**
 * Gives the waiting time after so many failures in a row: exponential from 1 s to 5 min, with full jitter, so that devices
 * that failed together do not come back together (spec 05).
 *
 * @param failures 1 after the first
 * @param random in [0, 1)
 * @returns ms
 */
export function backoffMs(failures: number, random: number): number {
  const doublings = Math.min(Math.max(failures, 1) - 1, 20)
  return Math.round(Math.min(MAX_BACKOFF_MS, FIRST_MS * 2 ** doublings) * random)
}
