import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { backoffMs } from '#controller/backoff.ts'
import { NO_QUEUE_METRICS, type QueueGauges, type QueueMetrics } from '#controller/queue-metrics.ts'
import { Workqueue, type WorkqueueOptions } from '#controller/workqueue.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

/** A queue whose workers do nothing until told to, and what they did. */
function aQueue(overrides: Partial<WorkqueueOptions> = {}) {
  const clock = new FakeClock()
  const done: string[] = []
  const gates = new Map<string, PromiseWithResolvers<void>>()
  const queue = new Workqueue({
    clock,
    random: () => 1,
    concurrency: 1,
    process: async (key) => {
      await gates.get(key)?.promise
      done.push(key)
    },
    metrics: NO_QUEUE_METRICS,
    ...overrides,
  })
  return {
    clock,
    queue,
    done,
    /** Makes the workers of a key wait until the returned function is called. */
    hold: (key: string): (() => void) => {
      const gate = Promise.withResolvers<void>()
      gates.set(key, gate)
      return () => {
        gates.delete(key)
        gate.resolve()
      }
    },
    settle: () => clock.advance(0),
  }
}

describe('a work queue', () => {
  it('processes keys in the order in which they came', async () => {
    const { queue, done, settle } = aQueue()
    for (const key of ['a', 'b', 'c']) queue.add(key, 'device')
    expect(queue.depth).toBe(3)
    queue.start()
    await settle()
    expect(done).toEqual(['a', 'b', 'c'])
  })

  it('keeps a key that is added many times once', async () => {
    const { queue, done, settle } = aQueue()
    for (let time = 0; time < 100; time += 1) queue.add('a', 'device')
    queue.start()
    await settle()
    expect(done).toEqual(['a'])
  })

  it('processes a key once more when it is added while a worker has it', async () => {
    const { queue, done, hold, settle } = aQueue({ concurrency: 4 })
    queue.start()
    const release = hold('a')
    queue.add('a', 'device')
    await settle()
    queue.add('a', 'device')
    queue.add('a', 'user')
    await settle()
    expect(done).toEqual([])
    release()
    await settle()
    expect(done).toEqual(['a', 'a'])
  })

  it('never processes a key twice at a time, nor more keys than it has workers', async () => {
    let running = 0
    let most = 0
    const keys = new Set<string>()
    const { clock, queue } = aQueue({
      concurrency: 3,
      process: async (key) => {
        expect(keys.has(key)).toBe(false)
        keys.add(key)
        running += 1
        most = Math.max(most, running)
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        keys.delete(key)
      },
    })
    queue.start()
    for (let index = 0; index < 50; index += 1) queue.add(`key-${index % 10}`, 'device')
    await clock.advance(0)
    for (let turn = 0; turn < 20; turn += 1) await clock.advance(0)
    expect([running, most, queue.depth]).toEqual([0, 3, 0])
  })

  it('takes what a person did before what a device said, and that before what nobody waits for', async () => {
    const { queue, done, settle } = aQueue()
    queue.add('resync', 'resync')
    queue.add('device', 'device')
    queue.add('user', 'user')
    queue.start()
    await settle()
    expect(done).toEqual(['user', 'device', 'resync'])
  })

  it('moves a waiting key up when it becomes more urgent, and never down', async () => {
    const { queue, done, settle } = aQueue()
    queue.add('a', 'device')
    queue.add('b', 'resync')
    queue.add('b', 'user')
    queue.add('b', 'resync')
    queue.start()
    await settle()
    expect(done).toEqual(['b', 'a'])
  })

  it('adds a key later, at the earliest of the times asked for', async () => {
    const { queue, done, clock } = aQueue()
    queue.start()
    queue.addAfter('a', 1_000, 'device')
    queue.addAfter('a', 500, 'device')
    queue.addAfter('a', 2_000, 'device')
    await clock.advance(499)
    expect(done).toEqual([])
    await clock.advance(1)
    expect(done).toEqual(['a'])
    await clock.advance(5_000)
    expect(done).toEqual(['a'])
  })

  it('does not wait when a key is added at once after all', async () => {
    const { queue, done, clock } = aQueue()
    queue.start()
    queue.addAfter('a', 1_000, 'device')
    queue.add('a', 'device')
    await clock.advance(5_000)
    expect(done).toEqual(['a'])
  })

  it('waits longer after each failure, until the failures are forgotten', async () => {
    const { queue, done, clock } = aQueue()
    queue.start()
    queue.addAfterFailure('a', 'device')
    await clock.advance(1_000)
    queue.addAfterFailure('a', 'device')
    await clock.advance(1_999)
    expect(done).toEqual(['a'])
    await clock.advance(1)
    expect(done).toEqual(['a', 'a'])
    queue.forget('a')
    queue.addAfterFailure('a', 'device')
    await clock.advance(1_000)
    expect(done).toHaveLength(3)
  })

  it('forgets keys nothing is left to know of', async () => {
    const { queue, clock } = aQueue()
    queue.start()
    for (let index = 0; index < 1_000; index += 1) queue.add(`key-${index}`, 'device')
    queue.addAfter('later', 1_000, 'device')
    queue.addAfterFailure('failed', 'device')
    for (let turn = 0; turn < 300; turn += 1) await clock.advance(0)
    expect(queue.size).toBe(2)
    await clock.advance(1_000)
    queue.forget('failed')
    expect([queue.size, clock.pending]).toEqual([0, 0])
  })

  it('says how long a key has waited', async () => {
    const waits: number[] = []
    const { queue, clock } = aQueue({ process: async (_key, waitedMs) => void waits.push(waitedMs) })
    queue.add('a', 'device')
    await clock.advance(1_500)
    expect(queue.longestWaitMs).toBe(1_500)
    queue.start()
    await clock.advance(0)
    expect([waits, queue.longestWaitMs]).toEqual([[1_500], 0])
  })

  it('ends what it has in hand when it stops, and drops the rest', async () => {
    const { queue, done, hold, settle, clock } = aQueue()
    queue.start()
    const release = hold('a')
    queue.add('a', 'device')
    queue.add('b', 'device')
    queue.addAfter('c', 1_000, 'device')
    await settle()
    let isStopped = false
    const stopped = queue.stop({ flush: false }).then(() => (isStopped = true))
    queue.add('a', 'user')
    await settle()
    expect(isStopped).toBe(false)
    release()
    await stopped
    await clock.advance(10_000)
    expect(done).toEqual(['a'])
  })

  it('does what is left, delayed keys too, when it stops with a flush', async () => {
    const { queue, done, clock } = aQueue()
    queue.start()
    queue.addAfter('later', 60_000, 'device')
    queue.add('now', 'device')
    await queue.stop({ flush: true })
    queue.add('too late', 'device')
    await clock.advance(60_000)
    expect(done).toEqual(['now', 'later'])
  })

  it('tells its metrics what it does', async () => {
    const told: unknown[] = []
    let gauges: QueueGauges | undefined
    const metrics: QueueMetrics = {
      observe: (queue) => (gauges = queue),
      added: () => told.push('added'),
      started: (ms) => told.push(['started', ms]),
      finished: (ms) => told.push(['finished', ms]),
      retried: () => told.push('retried'),
    }
    const { queue, clock, hold } = aQueue({ metrics })
    const release = hold('a')
    queue.add('a', 'device')
    queue.add('b', 'device')
    await clock.advance(100)
    expect(gauges?.depth()).toBe(2)
    queue.start()
    await clock.advance(50)
    expect([gauges?.depth(), gauges?.runningSince()]).toEqual([1, [100]])
    release()
    await clock.advance(0)
    queue.addAfterFailure('a', 'device')
    expect(told).toEqual([
      'added',
      'added',
      ['started', 100],
      ['finished', 50],
      ['started', 150],
      ['finished', 0],
      'retried',
    ])
  })

  it('loses no key, whatever is added when', async () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      delayMs: fc.nat(3),
      passMs: fc.nat(2),
      isHeld: fc.boolean(),
    })
    const isComplete = fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      const { queue, clock } = aQueue({ concurrency: 2, process: async (key) => void owed.delete(key) })
      const owed = new Set<string>()
      queue.start()
      for (const { key, delayMs, passMs } of steps) {
        owed.add(key)
        queue.addAfter(key, delayMs, 'device')
        await clock.advance(passMs)
      }
      await clock.advance(10)
      return owed.size === 0 && queue.size === 0 && clock.pending === 0
    })
    expect((await fc.check(isComplete, { numRuns: 50 })).counterexample).toBeNull()
  })
})

describe('the back-off', () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [8, 128_000],
    [9, 256_000],
    [10, 300_000],
    [1_000, 300_000],
  ])('is up to the ceiling of failure %i, %i ms', (failures, ceiling) => {
    expect([backoffMs(failures, 0), backoffMs(failures, 0.5), backoffMs(failures, 1)]).toEqual([
      0,
      ceiling / 2,
      ceiling,
    ])
  })
})
