/** How long to stay away: base and cap of a delay that doubles with each attempt. */
export interface BackoffRange {
  readonly baseMs: number
  readonly capMs: number
}

/** A server that cannot be reached, or went away: soon back, but never all devices in the same second. */
export const RECONNECT: BackoffRange = { baseMs: 1000, capMs: 30_000 }

/** A server that does not want this token or this registration: only a person can change that. */
export const REFUSED: BackoffRange = { baseMs: 30_000, capMs: 300_000 }

/** Exponential back-off with full jitter: anything between nothing and the doubled base. `attempt` counts from 0. */
export function backoffDelay({ baseMs, capMs }: BackoffRange, attempt: number, random: () => number): number {
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)))
}
