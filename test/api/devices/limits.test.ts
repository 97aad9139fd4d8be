import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { spend } from '#api/devices/limits.ts'

it('allows a burst, then the rate', () => {
  const rate = { perSecond: 2, burst: 3 }
  const taken: number[] = []
  let state = 0
  for (let nowMs = 10_000; nowMs < 12_000; nowMs += 100) {
    const next = spend(rate, state, { nowMs, cost: 1 })
    if (next === null) continue
    taken.push(nowMs)
    state = next
  }
  expect(taken).toEqual([10_000, 10_100, 10_200, 10_500, 11_000, 11_500])
})

it('never allows more than the burst and what the rate gives in the meantime', () => {
  const uses = fc.array(
    fc.record({ waitMs: fc.integer({ min: 0, max: 500 }), cost: fc.integer({ min: 1, max: 5 }) }),
  )
  fc.assert(
    fc.property(uses, (steps) => {
      const rate = { perSecond: 4, burst: 10 }
      let [state, nowMs, spent] = [0, 1000, 0]
      for (const { waitMs, cost } of steps) {
        nowMs += waitMs
        const next = spend(rate, state, { nowMs, cost })
        if (next !== null) [state, spent] = [next, spent + cost]
        expect(spent).toBeLessThanOrEqual(rate.burst + ((nowMs - 1000) * rate.perSecond) / 1000 + 1e-6)
      }
    }),
  )
})
