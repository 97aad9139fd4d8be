import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type FailedAttempt, planRetry } from '#store/kubernetes/retry.ts'

const failed = (parts: Partial<FailedAttempt> = {}): FailedAttempt => ({
  method: 'GET',
  isStream: false,
  status: 503,
  wasSent: true,
  attempt: 1,
  elapsedMs: 0,
  ...parts,
})

describe('planRetry', () => {
  it.each<[string, Partial<FailedAttempt>, number | undefined]>([
    ['a read after 503', {}, 100],
    ['a read after a reset', { status: undefined }, 100],
    ['a read after 500: it was heard', { status: 500 }, undefined],
    ['a read after 404', { status: 404 }, undefined],
    ['a write after 503', { method: 'PUT' }, undefined],
    ['a write after a reset: it may be done', { method: 'DELETE', status: undefined }, undefined],
    ['a write that never left', { method: 'POST', status: undefined, wasSent: false }, 100],
    ['a write after 429: nothing was done', { method: 'PATCH', status: 429 }, 100],
    ['a watch after 429', { isStream: true, status: 429 }, 100],
    ['a watch after 503: it comes back by itself', { isStream: true }, undefined],
    ['the second time', { attempt: 2 }, 200],
    ['the twentieth time', { attempt: 20 }, 1000],
    ['as long as asked', { status: 429, retryAfter: '2' }, 2100],
    ['a date is not waited for', { status: 429, retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT' }, 100],
    ['longer than anybody waits', { status: 429, retryAfter: '30' }, undefined],
    ['after ten seconds', { elapsedMs: 9950 }, undefined],
  ])('%s', (_what, parts, delay) => {
    expect(planRetry(failed(parts), 0.5)).toBe(delay)
  })

  it('never waits past ten seconds, whatever the server asks for', () => {
    fc.assert(
      fc.property(
        fc.record({
          status: fc.constantFrom(429, 503, undefined),
          retryAfter: fc.option(fc.nat(20_000).map(String), { nil: undefined }),
          attempt: fc.integer({ min: 1, max: 50 }),
          elapsedMs: fc.nat(20_000),
        }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (parts, random) => {
          const delay = planRetry(failed(parts), random)
          const isBounded = delay === undefined || (delay >= 0 && parts.elapsedMs + delay < 10_000)
          expect(isBounded).toBe(true)
        },
      ),
    )
  })
})
