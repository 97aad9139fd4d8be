import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import { describe, expect, it } from 'vitest'

import type { FuzzOrder, FuzzReport } from './fuzz-worker.ts'

const SEED = 20_261_121
// Nothing here is timed; this only ends a worker that would never end by itself.
const WATCHDOG_MS = 120_000

/** Runs in a thread of its own, because only that can be ended when a reader hangs. */
async function fuzz(order: FuzzOrder): Promise<FuzzReport> {
  const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), { workerData: order })
  const watchdog = setTimeout(() => void worker.terminate(), WATCHDOG_MS)
  try {
    const ended = once(worker, 'exit').then(() => {
      throw new Error('expected every input to be read or refused, got a reader that hangs')
    })
    const [report] = (await Promise.race([once(worker, 'message'), ended])) as [FuzzReport]
    return report
  } finally {
    clearTimeout(watchdog)
    await worker.terminate()
  }
}

describe('text that nobody would write', () => {
  it(
    'is read or refused with its place, and leaves every prototype as it was: 100 000 times',
    async () => {
      const report = await fuzz({ seed: SEED, toml: 80_000, json: 20_000, edits: 0 })
      const { read, refused, polluted } = report
      expect([read > 5000, refused > 5000, polluted]).toEqual([true, true, []])
    },
    2 * WATCHDOG_MS,
  )

  it(
    'is edited, where it can be read, so that it says what the edits say and keeps every other line',
    async () => {
      const { edited, polluted } = await fuzz({ seed: SEED, toml: 0, json: 0, edits: 3000 })
      expect([edited, polluted]).toEqual([3000, []])
    },
    2 * WATCHDOG_MS,
  )
})
