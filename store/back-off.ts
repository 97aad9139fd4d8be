const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 30_000
const MAX_DOUBLINGS = 16

/** How long to wait after a number of failures in a row: exponential, with full jitter, at most 30 s. */
export function backOffMs(failures: number, random: () => number): number {
  return random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures, MAX_DOUBLINGS))
}
