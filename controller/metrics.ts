import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

import type { SyncState } from '#core/auth-sync-finding.ts'
import type { Clock } from '#core/clock.ts'

import type { QueueGauges, QueueMetrics } from './queue-metrics.ts'

/** How a pass of a controller ended; the words of controller-runtime. */
export type ReconcileResult = 'success' | 'error' | 'requeue'

/** What the controller counts. Names are those of spec 10 and of controller-runtime. */
export interface ControllerMetrics {
  queue(name: string): QueueMetrics
  /** Counts one pass. */
  countReconcile(controller: string, result: ReconcileResult, workedMs: number): void
  /** Counts one command that ended. */
  countSync(runtime: string, result: string): void
  /** From the change to the heartbeat that proved it. */
  observeSync(runtime: string, durationMs: number): void
  /** Says where to read, when asked, how many devices are not as they should be. */
  observeOutOfSync(read: () => Iterable<readonly [runtime: string, state: SyncState]>): void
  /** Says where to read, when asked, with which key each sealed value is sealed. */
  observeSealedValues(read: () => Iterable<SealedCount>): void
}

/** So many values of a kind are sealed with a key. */
export interface SealedCount {
  readonly kid: string
  readonly kind: string
  readonly count: number
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

/** Makes the controller's metrics in a registry; once per registry. */
export function createControllerMetrics(registry: Registry, clock: Clock): ControllerMetrics {
  const registers = [registry]
  const queueMetricsOf = createQueueMetrics(registry, clock)
  const reconcileTotal = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Passes of a controller by result.',
    labelNames: ['controller', 'result'],
    registers,
  })
  const reconcileErrors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Passes of a controller that failed.',
    labelNames: ['controller'],
    registers,
  })
  const reconcileTime = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Duration of one pass of a controller.',
    labelNames: ['controller'],
    buckets: SECONDS,
    registers,
  })
  const syncs = new Counter({
    name: 'runtimeconfig_sync_total',
    help: 'Device commands of the operator by result.',
    labelNames: ['runtime', 'result'],
    registers,
  })
  const syncSeconds = new Histogram({
    name: 'runtimeconfig_sync_seconds',
    help: 'From a change to the heartbeat that proves it on the device.',
    labelNames: ['runtime'],
    buckets: SECONDS,
    registers,
  })
  return {
    queue: queueMetricsOf,
    countReconcile: (controller, result, workedMs) => {
      reconcileTotal.inc({ controller, result })
      if (result === 'error') reconcileErrors.inc({ controller })
      reconcileTime.observe({ controller }, workedMs / 1_000)
    },
    countSync: (runtime, result) => syncs.inc({ runtime, result }),
    observeSync: (runtime, durationMs) => syncSeconds.observe({ runtime }, durationMs / 1_000),
    observeOutOfSync: (read) => gaugeOutOfSync(registry, read),
    observeSealedValues: (read) => gaugeSealedValues(registry, read),
  }
}

function gaugeSealedValues(registry: Registry, read: () => Iterable<SealedCount>): void {
  const gauge: Gauge = new Gauge({
    name: 'runtimeconfig_sealed_values',
    help: 'Stored values by the key they are sealed with; a key with none is unused.',
    labelNames: ['kid', 'kind'],
    registers: [registry],
    collect: () => {
      gauge.reset()
      for (const { kid, kind, count } of read()) gauge.set({ kid, kind }, count)
    },
  })
}

const AS_THEY_SHOULD_BE: ReadonlySet<SyncState> = new Set(['InSync', 'NotManaged'])

function gaugeOutOfSync(registry: Registry, read: () => Iterable<readonly [string, SyncState]>): void {
  const gauge: Gauge = new Gauge({
    name: 'runtimeconfig_out_of_sync',
    help: 'Devices that are not as they should be, by runtime and state.',
    labelNames: ['runtime', 'state'],
    registers: [registry],
    collect: () => {
      gauge.reset()
      for (const [runtime, state] of read()) if (!AS_THEY_SHOULD_BE.has(state)) gauge.inc({ runtime, state })
    },
  })
}

type QueueMetricsOf = (name: string) => QueueMetrics

function createQueueMetrics(registry: Registry, clock: Clock): QueueMetricsOf {
  const registers = [registry]
  const labelNames = ['name'] as const
  const adds = new Counter({ name: 'workqueue_adds_total', help: 'Keys added.', labelNames, registers })
  const retries = new Counter({
    name: 'workqueue_retries_total',
    help: 'Keys taken up again after a failure.',
    labelNames,
    registers,
  })
  const queued = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long keys waited for a worker.',
    labelNames,
    buckets: SECONDS,
    registers,
  })
  const worked = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long processing a key took.',
    labelNames,
    buckets: SECONDS,
    registers,
  })
  const gauges = new Map<string, QueueGauges>()
  registerQueueGauges(registry, clock, gauges)
  return (name) => {
    // A counter that shows 0 tells that nothing happened; one that is absent tells nothing.
    adds.inc({ name }, 0)
    retries.inc({ name }, 0)
    return {
      observe: (queue) => void gauges.set(name, queue),
      added: () => adds.inc({ name }),
      started: (waitedMs) => queued.observe({ name }, waitedMs / 1_000),
      finished: (workedMs) => worked.observe({ name }, workedMs / 1_000),
      retried: () => retries.inc({ name }),
    }
  }
}

function registerQueueGauges(
  registry: Registry,
  clock: Clock,
  queues: ReadonlyMap<string, QueueGauges>,
): void {
  const add = (name: string, help: string, read: (queue: QueueGauges) => number) => {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: ['name'],
      registers: [registry],
      collect: () => {
        for (const [queue, gauges] of queues) gauge.set({ name: queue }, read(gauges))
      },
    })
  }
  const agesOf = (queue: QueueGauges) =>
    queue.runningSince().map((since) => (clock.monotonic() - since) / 1_000)
  add('workqueue_depth', 'Keys that wait for a worker.', (queue) => queue.depth())
  add(
    'workqueue_unfinished_work_seconds',
    'Seconds of work in hand, not yet observed by work_duration.',
    (queue) => agesOf(queue).reduce((sum, age) => sum + age, 0),
  )
  add(
    'workqueue_longest_running_processor_seconds',
    'How long the longest running worker has run.',
    (queue) => Math.max(0, ...agesOf(queue)),
  )
}
