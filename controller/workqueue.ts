import type { CancelTimer, Clock } from '#core/clock.ts'

import { backoffMs } from './backoff.ts'
import type { QueueMetrics } from './queue-metrics.ts'

/** How urgent a key is: what a person did, what a device said, what nobody waits for. */
export type Priority = 'user' | 'device' | 'resync'

const PRIORITIES = ['user', 'device', 'resync'] as const

export interface WorkqueueOptions {
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  /** How many keys are processed at once. */
  readonly concurrency: number
  /** Processes one key; must not reject. `waitedMs` is the time since the key was added. */
  readonly process: (key: string, waitedMs: number) => Promise<void>
  readonly metrics: QueueMetrics
}

/** What is kept of a key while there is anything to keep. */
interface Entry {
  priority: Priority | null
  queuedAt: number
  isRunning: boolean
  /** Added again while it was being processed. */
  again: Priority | null
  failures: number
  timer: { readonly dueAt: number; readonly cancel: CancelTimer } | null
}

/**
 * A queue of keys: a key waits at most once, is processed by one worker at a time, and is processed again when it was added
 * meanwhile. What happened to a key is not in here, so that whoever processes it looks at what is true now.
 */
export class Workqueue {
  readonly #options: WorkqueueOptions
  readonly #entries = new Map<string, Entry>()
  readonly #waiting = new Map<Priority, Set<string>>(PRIORITIES.map((priority) => [priority, new Set()]))
  readonly #idle: (() => void)[] = []
  #running = 0
  #phase: 'new' | 'open' | 'closing' = 'new'

  constructor(options: WorkqueueOptions) {
    this.#options = options
    options.metrics.observe({
      depth: () => this.depth,
      runningSince: () =>
        [...this.#entries.values()].filter((entry) => entry.isRunning).map((entry) => entry.queuedAt),
    })
  }

  /** Keys that wait for a worker, delayed ones not counted. */
  get depth(): number {
    return PRIORITIES.reduce((sum, priority) => sum + this.#set(priority).size, 0)
  }

  /** How long the key that waits longest has waited for a worker, in ms; 0 when none waits. */
  get longestWaitMs(): number {
    const now = this.#options.clock.monotonic()
    const firsts = PRIORITIES.flatMap((priority) => this.#set(priority).values().take(1).toArray())
    return Math.max(0, ...firsts.map((key) => now - this.#entry(key).queuedAt))
  }

  /** Keys anything is remembered of. Idle keys are forgotten. */
  get size(): number {
    return this.#entries.size
  }

  /** Starts the workers; keys added before wait until then. */
  start(): void {
    this.#phase = 'open'
    this.#pump()
  }

  /**
   * Takes no more keys, and resolves when the ones in hand are done. With `flush`, keys that wait, however long they were to,
   * are processed once before; without, they are dropped.
   */
  async stop(options: { readonly flush: boolean }): Promise<void> {
    for (const [key, entry] of this.#entries) {
      const isDelayed = entry.timer !== null
      this.#clearTimer(entry)
      if (options.flush && isDelayed) this.add(key, 'resync')
    }
    if (!options.flush) for (const keys of this.#waiting.values()) keys.clear()
    this.#phase = 'closing'
    this.#pump()
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  /** Queues a key. Waiting already: it keeps its place, or moves up when this is more urgent. */
  add(key: string, priority: Priority): void {
    if (this.#phase === 'closing') return
    const entry = this.#entry(key)
    this.#clearTimer(entry)
    if (entry.isRunning) entry.again = moreUrgent(entry.again, priority)
    else if (entry.priority === null) this.#enqueue(key, entry, priority)
    else this.#moveUp(key, entry, priority)
    this.#pump()
  }

  /** Queues a key later. Of several times the earliest counts, and being queued at once counts more than any. */
  addAfter(key: string, delayMs: number, priority: Priority): void {
    if (delayMs <= 0) return this.add(key, priority)
    if (this.#phase === 'closing') return
    const entry = this.#entry(key)
    const dueAt = this.#options.clock.monotonic() + delayMs
    if (entry.priority !== null || (entry.timer !== null && entry.timer.dueAt <= dueAt)) return
    this.#clearTimer(entry)
    const cancel = this.#options.clock.after(delayMs, () => {
      entry.timer = null
      this.add(key, priority)
    })
    entry.timer = { dueAt, cancel }
  }

  /** Queues a key after its back-off: later with every failure in a row. */
  addAfterFailure(key: string, priority: Priority): void {
    const entry = this.#entry(key)
    entry.failures += 1
    this.#options.metrics.retried()
    this.addAfter(key, backoffMs(entry.failures, this.#options.random()), priority)
  }

  /** Forgets the failures of a key. */
  forget(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    entry.failures = 0
    this.#release(key, entry)
  }

  #entry(key: string): Entry {
    const known = this.#entries.get(key)
    if (known) return known
    const entry: Entry = {
      priority: null,
      queuedAt: 0,
      isRunning: false,
      again: null,
      failures: 0,
      timer: null,
    }
    this.#entries.set(key, entry)
    return entry
  }

  #enqueue(key: string, entry: Entry, priority: Priority): void {
    entry.priority = priority
    entry.queuedAt = this.#options.clock.monotonic()
    this.#set(priority).add(key)
    this.#options.metrics.added()
  }

  #moveUp(key: string, entry: Entry, priority: Priority): void {
    if (entry.priority === null || moreUrgent(entry.priority, priority) === entry.priority) return
    this.#set(entry.priority).delete(key)
    entry.priority = priority
    this.#set(priority).add(key)
  }

  #pump(): void {
    while (this.#phase !== 'new' && this.#running < this.#options.concurrency) {
      const key = this.#next()
      if (key === undefined) return
      void this.#work(key)
    }
  }

  #next(): string | undefined {
    for (const priority of PRIORITIES) {
      for (const key of this.#set(priority)) {
        this.#set(priority).delete(key)
        return key
      }
    }
    return undefined
  }

  async #work(key: string): Promise<void> {
    const entry = this.#entry(key)
    const startedAt = this.#options.clock.monotonic()
    const waitedMs = startedAt - entry.queuedAt
    Object.assign(entry, { priority: null, isRunning: true, queuedAt: startedAt })
    this.#running += 1
    this.#options.metrics.started(waitedMs)
    await this.#options.process(key, waitedMs)
    this.#options.metrics.finished(this.#options.clock.monotonic() - startedAt)
    this.#running -= 1
    this.#settle(key, entry)
  }

  #settle(key: string, entry: Entry): void {
    const { again } = entry
    Object.assign(entry, { isRunning: false, again: null })
    if (again === null || this.#phase === 'closing') this.#release(key, entry)
    else this.#enqueue(key, entry, again)
    this.#pump()
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** A device that was seen once must not cost memory for ever. */
  #release(key: string, entry: Entry): void {
    const isNeeded = entry.priority !== null || entry.isRunning || entry.timer !== null || entry.failures > 0
    if (!isNeeded) this.#entries.delete(key)
  }

  #clearTimer(entry: Entry): void {
    entry.timer?.cancel()
    entry.timer = null
  }

  #set(priority: Priority): Set<string> {
    const set = this.#waiting.get(priority)
    if (set === undefined) throw new TypeError(`unknown priority ${priority}`)
    return set
  }
}

function moreUrgent(left: Priority | null, right: Priority): Priority {
  return left !== null && PRIORITIES.indexOf(left) < PRIORITIES.indexOf(right) ? left : right
}
