import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { timeAfter } from '#core/time-after.ts'

const NOON = Date.parse('2026-11-21T12:00:00.000Z')

it.each([
  ['there was none before', undefined, '2026-11-21T12:00:00.000Z'],
  ['the one before is past', '2026-11-21T11:59:59.999Z', '2026-11-21T12:00:00.000Z'],
  ['the one before cannot be read', 'yesterday', '2026-11-21T12:00:00.000Z'],
])('is now when %s', (_why, before, expected) => {
  expect(timeAfter(NOON, before)).toBe(expected)
})

it.each([
  ['a change came in the same millisecond', '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:00.001Z'],
  ['the clock was set back', '2026-11-22T00:00:00.000Z', '2026-11-22T00:00:00.001Z'],
])('is a millisecond later than before when %s', (_why, before, expected) => {
  expect(timeAfter(NOON, before)).toBe(expected)
})

it('is always later than the one before, and never earlier than now', () => {
  const year = { min: 0, max: Date.parse('9000-01-01') }
  fc.assert(
    fc.property(fc.integer(year), fc.integer(year), (nowMs, beforeMs) => {
      const time = Date.parse(timeAfter(nowMs, new Date(beforeMs).toISOString()))
      expect([time > beforeMs, time >= nowMs]).toEqual([true, true])
    }),
  )
})
