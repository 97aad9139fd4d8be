/** How waiting times grow: from the ceiling after the first failure, doubled with each, to the highest there is. */
export interface BackoffRange {
  readonly firstMs: number
  readonly maxMs: number
}

// Far beyond every ceiling; keeps the power finite after weeks of failures.
const MAX_DOUBLINGS = 32

/**
 * Gives the waiting time after so many failures in a row: exponential with full jitter, so that those who failed together do
 * not come back together.
 *
 * @param failures 1 after the first
 * @param random in [0, 1)
 * @returns ms, whole
 */
export function jitteredBackoffMs(
  { firstMs, maxMs }: BackoffRange,
  failures: number,
  random: number,
): number {
  const doublings = Math.min(Math.max(failures, 1) - 1, MAX_DOUBLINGS)
  return Math.round(Math.min(maxMs, firstMs * 2 ** doublings) * random)
}
