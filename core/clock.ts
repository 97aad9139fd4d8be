/** Cancels a timer; safe to call twice and after it fired. */
export type CancelTimer = () => void

/** Time as everything above `core` takes it: injected, so that tests move it instead of sleeping. */
export interface Clock {
  /** Epoch ms. May jump; never use it to measure a duration. */
  now(): number
  /** Monotonic ms from an arbitrary start; for durations. */
  monotonic(): number
  /** Runs `task` once after `delayMs`; does not keep the process alive. */
  after(delayMs: number, task: () => void): CancelTimer
}
