/** What a queue can be asked at any moment. */
export interface QueueGauges {
  readonly depth: () => number
  /** Monotonic ms at which each running key was taken. */
  readonly runningSince: () => readonly number[]
}

/** Where a queue reports what it does. Times are ms. */
export interface QueueMetrics {
  /** Called once, by the queue. */
  observe(gauges: QueueGauges): void
  added(): void
  started(waitedMs: number): void
  finished(workedMs: number): void
  retried(): void
}

/** Counts nothing. */
export const NO_QUEUE_METRICS: QueueMetrics = {
  observe: () => undefined,
  added: () => undefined,
  started: () => undefined,
  finished: () => undefined,
  retried: () => undefined,
}
