import {
  assert,
  boolean as anyBoolean,
  constantFrom,
  double,
  integer,
  option,
  property,
  record,
} from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  claimEndsAt,
  isExpired,
  LEADER_TIMES,
  leaseRetryMs,
  type LeaseSight,
  type LeaseTimes,
  planLease,
  REPLICA_TIMES,
} from '#core/lease.ts'

function seen(holder: string | null, unchangedMs: number): LeaseSight {
  return { lease: { holder, durationMs: 15_000 }, unchangedMs }
}

const NONE: LeaseSight = { lease: undefined, unchangedMs: 0 }

describe('what to do about a Lease', () => {
  it.each([
    ['acquires one that is not there', NONE, false, 'acquire'],
    ['acquires one that was released', seen(null, 0), false, 'acquire'],
    ['renews its own', seen('a', 5_000), true, 'renew'],
    ['renews its own after it stopped claiming it', seen('a', 60_000), false, 'renew'],
    ['waits while another may hold it', seen('b', 14_999), false, 'wait'],
    ['acquires one that was seen unchanged for its whole duration', seen('b', 15_000), false, 'acquire'],
    ['has lost it to another', seen('b', 0), true, 'lost'],
    ['has lost it to another who is gone already', seen('b', 15_000), true, 'lost'],
    ['has lost one that somebody deleted', NONE, true, 'lost'],
    ['has lost one that somebody released', seen(null, 0), true, 'lost'],
  ] as const)('%s', (...[, sight, wasHolder, step]) => {
    expect(planLease(sight, { self: 'a', wasHolder })).toBe(step)
  })

  it('takes nothing from another who may still claim it, whatever was seen', () => {
    const sights = record({
      lease: option(
        record({
          holder: constantFrom('a', 'b', 'c', null),
          durationMs: integer({ min: 1, max: 60_000 }),
        }),
        { nil: undefined },
      ),
      unchangedMs: integer({ min: 0, max: 120_000 }),
    })
    assert(
      property(sights, anyBoolean(), (sight, wasHolder) => {
        const step = planLease(sight, { self: 'a', wasHolder })
        const { lease } = sight
        const isOthers = lease !== undefined && lease.holder !== null && lease.holder !== 'a'
        const isWritten = step === 'acquire' || step === 'renew'
        return !(isOthers && !isExpired(lease, sight.unchangedMs) && isWritten)
      }),
    )
    expect(planLease(NONE, { self: 'a', wasHolder: false })).toBe('acquire')
  })
})

describe('a claim', () => {
  // The holder's second may be longer than that of those who wait: by so much, and by no more, the times allow for it.
  it.each([
    ['leader', LEADER_TIMES],
    ['replica', REPLICA_TIMES],
  ] as const)('ends before another may take the Lease of the %s', (_name, times) => {
    const rates = double({ min: 0.87, max: 1.14, noNaN: true })
    const momentMs = integer({ min: 0, max: 1_000_000 })
    const scene = record({ holderRate: rates, waiterRate: rates, askedAt: momentMs, delayMs: momentMs })
    assert(
      property(scene, ({ holderRate, waiterRate, askedAt, delayMs }) => {
        // Real time; the write happens when it was asked for or later, others see it when it happened or later.
        const endsAt = claimEndsAt(askedAt * holderRate, times) / holderRate
        const takenAt = askedAt + delayMs + times.durationMs / waiterRate
        expect(endsAt).toBeLessThan(takenAt)
      }),
    )
  })

  it('is renewed several times before it ends', () => {
    const isSafe = ({ renewMs, retryMs, deadlineMs, durationMs }: LeaseTimes) =>
      renewMs + 2 * leaseRetryMs({ durationMs, deadlineMs, renewMs, retryMs }, 1) <= deadlineMs + retryMs &&
      deadlineMs < durationMs
    expect([LEADER_TIMES, REPLICA_TIMES].map(isSafe)).toEqual([true, true])
  })

  it('is tried for again after the time to retry, and up to 1.2 times that more', () => {
    expect([0, 0.5, 1].map((random) => leaseRetryMs(LEADER_TIMES, random))).toEqual([2_000, 3_200, 4_400])
  })
})
