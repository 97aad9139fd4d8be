import { describe, expect, inject, it } from 'vitest'

import { torture } from './run.ts'

/** Requests per kind and second of the watching side's own time, while nothing works: the back-off is what bounds it. */
const REQUESTS_PER_KIND_AND_SECOND = 1

const EVERY_FAULT = [
  'cut-end',
  'cut-reset',
  'cut-stall',
  'cut-truncate',
  'expired',
  'reset',
  'stall',
  'status-429',
  'status-500',
  'status-503',
]

describe('while the proxy in front of the API server fails and the server itself is killed and compacted', () => {
  it('a cache misses none of 5 000 changes, asks with moderation and recovers by itself', async () => {
    const summary = await torture({
      assets: inject('assets'),
      seed: 4,
      changes: 5000,
      rounds: 1,
      faultyMs: 20_000,
      speed: 20,
      progress: () => undefined,
    })
    process.stdout.write(`${JSON.stringify(summary)}\n`)
    expect(summary).toMatchObject({ missed: 0, unfinished: [], backwards: [], differing: [] })
    expect(summary.changes).toBeGreaterThanOrEqual(5000)
    expect(summary.requestsPerKindAndSecond).toBeLessThanOrEqual(REQUESTS_PER_KIND_AND_SECOND)
    expect(Object.keys(summary.faults)).toEqual(expect.arrayContaining(EVERY_FAULT))
    expect(summary.recoveredMs.every(Number.isFinite)).toBe(true)
  }, 180_000)
})
