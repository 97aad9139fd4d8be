import type { Clock } from '#core/clock.ts'

import type { ControllerMetrics, ReconcileResult } from './metrics.ts'
import type { Logger } from './ports.ts'
import { type Course, run } from './run.ts'
import { Workqueue } from './workqueue.ts'

/** What the queue of every controller is made from. */
export interface QueueBasis {
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly logger: Logger
  readonly metrics: ControllerMetrics
}

/** One controller: a name, and what it does with a key. */
export interface ReconcileQueueOptions extends QueueBasis {
  /** Label of its metrics. */
  readonly name: string
  readonly concurrency: number
  readonly reconcile: (key: string, waitedMs: number) => Promise<void>
}

/** Makes a queue whose keys are reconciled, and taken up again after a failure as the table of errors says. */
export function createReconcileQueue(options: ReconcileQueueOptions): Workqueue {
  const { name, clock, random, concurrency, metrics } = options
  const queue: Workqueue = new Workqueue({
    clock,
    random,
    concurrency,
    metrics: metrics.queue(name),
    process: async (key, waitedMs) => {
      const startedAt = clock.monotonic()
      const finish = (result: ReconcileResult) =>
        metrics.countReconcile(name, result, clock.monotonic() - startedAt)
      await run(() => options.reconcile(key, waitedMs), courseOf(key, { ...options, queue, finish }))
    },
  })
  return queue
}

interface CourseOptions extends ReconcileQueueOptions {
  readonly queue: Workqueue
  readonly finish: (result: ReconcileResult) => void
}

function courseOf(key: string, { name, queue, logger, finish }: CourseOptions): Course {
  return {
    done: () => {
      finish('success')
      queue.forget(key)
    },
    again: () => {
      finish('requeue')
      queue.add(key, 'device')
    },
    later: (error) => {
      finish('error')
      logger.warn({ err: error, controller: name, object: key }, 'reconcile failed, will be tried again')
      queue.addAfterFailure(key, 'device')
    },
    stall: (error) => {
      finish('error')
      logger.error({ err: error, controller: name, object: key }, 'reconcile failed until something changes')
      queue.forget(key)
    },
  }
}
