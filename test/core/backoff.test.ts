import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { jitteredBackoffMs } from '#core/backoff.ts'

const RANGE = { firstMs: 500, maxMs: 30_000 }

it.each([
  [0, 500],
  [1, 500],
  [2, 1_000],
  [3, 2_000],
  [6, 16_000],
  [7, 30_000],
  [1_000_000, 30_000],
])('is anything up to the ceiling of failure %i, %i ms', (failures, ceiling) => {
  expect([0, 0.5, 1].map((random) => jitteredBackoffMs(RANGE, failures, random))).toEqual([
    0,
    ceiling / 2,
    ceiling,
  ])
})

it('is never shorter after one failure more, never negative, and never longer than the longest', () => {
  const random = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(fc.nat(200), random, (failures, luck) => {
      const [now, next] = [failures, failures + 1].map((count) => jitteredBackoffMs(RANGE, count, luck))
      expect([now ?? -1, next ?? -1, RANGE.maxMs].toSorted((a, b) => a - b)).toEqual([now, next, RANGE.maxMs])
      expect(now).toBeGreaterThanOrEqual(0)
    }),
  )
})
