import type { CancelTimer, Clock } from '#core/clock.ts'
import { isAppError } from '#core/errors.ts'
import { backoffMs } from '#store/backoff.ts'
import type { EventRecorder, ObjectEvent } from '#store/events.ts'
import { sleep } from '#store/sleep.ts'

import type { KubeClient } from './client.ts'
import { EVENTS_API, type EventSeries, keyOf, newEventObject, seriesOf, toSeries } from './event-object.ts'

export interface EventWriterDeps {
  readonly client: KubeClient
  readonly clock: Clock
  /** 0 to 1; for the jitter of the back-off. */
  readonly random: () => number
  readonly logger: { warn(fields: object, message: string): void }
  /** Names this process to people, such as its pod. */
  readonly reporter: string
}

interface Counted extends EventSeries {
  count: number
  /** Epoch ms. */
  lastAt: number
  /** The count that the API server knows; 0: it knows nothing of it. */
  written: number
  /** Monotonic ms. */
  dueAt: number
  failures: number
}

/** What happens again within this time is counted; after it, it is told anew. As Kubernetes' own recorder has it. */
const SERIES_MS = 6 * 60_000
const MAX_SERIES = 1_000
/** The first is told at once, how often it happened since not more often than this. */
const RECOUNT_MS = 60_000
/** Between two writes: ten in a second at most. */
const SPACING_MS = 100
const MAX_FAILURES = 5
const FLUSH_MS = 5_000
const ANSWER_MS = 5_000

/** Writes events one after the other, slowly. Nothing waits for it, and nothing fails with it. */
export class KubernetesEvents implements EventRecorder {
  readonly #deps: EventWriterDeps
  readonly #series = new Map<string, Counted>()
  readonly #stop = new AbortController()
  #writing: Promise<void> | null = null
  #cancelTimer: CancelTimer = () => undefined
  #lost = 0

  constructor(deps: EventWriterDeps) {
    this.#deps = deps
  }

  record(event: ObjectEvent): void {
    if (this.#stop.signal.aborted) return
    this.#count(event)
    this.#begin()
  }

  /** Writes what is known and not told yet, but not for longer than 5 s. Takes nothing more. */
  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    this.#cancelTimer()
    const late = Promise.withResolvers<void>()
    const cancel = this.#deps.clock.after(FLUSH_MS, late.resolve)
    await Promise.race([this.#flush(), late.promise])
    cancel()
  }

  #count(event: ObjectEvent): void {
    const { clock, reporter } = this.#deps
    const now = clock.now()
    const key = keyOf(event)
    const known = this.#series.get(key)
    if (known !== undefined && now - known.lastAt < SERIES_MS) {
      known.count += 1
      known.lastAt = now
      return
    }
    if (known === undefined && this.#series.size >= MAX_SERIES) this.#forgetOld(now)
    if (known === undefined && this.#series.size >= MAX_SERIES) {
      this.#lost += 1
      return
    }
    const begun = { count: 1, lastAt: now, written: 0, dueAt: clock.monotonic(), failures: 0 }
    this.#series.set(key, { ...toSeries(event, { reporter, firstAt: now }), ...begun })
  }

  #forgetOld(now: number): void {
    for (const [key, { count, written, lastAt }] of this.#series) {
      if (count === written && now - lastAt >= SERIES_MS) this.#series.delete(key)
    }
  }

  #begin(): void {
    this.#cancelTimer()
    this.#writing ??= this.#writeDue().finally(() => {
      this.#writing = null
      this.#comeBack()
    })
  }

  #comeBack(): void {
    const waiting = this.#pending().map(({ dueAt }) => dueAt)
    if (waiting.length === 0 || this.#stop.signal.aborted) return
    const delayMs = Math.max(0, Math.min(...waiting) - this.#deps.clock.monotonic())
    this.#cancelTimer = this.#deps.clock.after(delayMs, () => this.#begin())
  }

  async #writeDue(): Promise<void> {
    const { clock, logger } = this.#deps
    for (;;) {
      const due = this.#pending().find(({ dueAt }) => dueAt <= clock.monotonic())
      if (due === undefined || this.#stop.signal.aborted) break
      await this.#write(due)
      await sleep(clock, SPACING_MS, this.#stop.signal)
    }
    if (this.#lost > 0) logger.warn({ events: this.#lost }, 'events were not recorded: there were too many')
    this.#lost = 0
  }

  async #flush(): Promise<void> {
    await this.#writing
    for (const series of this.#pending()) await this.#write(series)
  }

  #pending(): Counted[] {
    return [...this.#series.values()].filter(({ count, written }) => count > written)
  }

  async #write(series: Counted): Promise<void> {
    const { clock, random, logger } = this.#deps
    const { count } = series
    try {
      await this.#send(series)
      Object.assign(series, { written: count, failures: 0, dueAt: clock.monotonic() + RECOUNT_MS })
    } catch (error) {
      series.failures += 1
      series.dueAt = clock.monotonic() + backoffMs(series.failures, random())
      if (isAppError(error, 'STORE_UNAVAILABLE') && series.failures < MAX_FAILURES) return
      this.#series.delete(series.key)
      logger.warn({ err: error }, 'an event could not be recorded')
    }
  }

  async #send(series: Counted): Promise<void> {
    const { client } = this.#deps
    const collection = `/apis/${EVENTS_API}/namespaces/${encodeURIComponent(series.namespace)}/events`
    const create = async () => {
      const body = newEventObject(series, series)
      await client.request({ method: 'POST', path: collection, body, timeoutMs: ANSWER_MS })
    }
    try {
      if (series.written === 0) return await create()
      await client.request({
        method: 'PATCH',
        path: `${collection}/${encodeURIComponent(series.name)}`,
        body: seriesOf(series),
        contentType: 'application/merge-patch+json',
        timeoutMs: ANSWER_MS,
      })
    } catch (error) {
      // Written before, though the answer was lost.
      if (isAppError(error, 'ALREADY_EXISTS')) return
      // The API server forgets events after an hour.
      if (!isAppError(error, 'NOT_FOUND') || series.written === 0) throw error
      await create()
    }
  }
}
