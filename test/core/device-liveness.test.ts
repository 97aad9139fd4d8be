import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { isDeviceOnline } from '#core/device-liveness.ts'

it.each([
  ['no heartbeat came yet', null, null, false],
  ['a heartbeat has just come', 0, null, true],
  ['the last heartbeat is a moment short of 90 s old', 89_999, null, true],
  ['no heartbeat came for 90 s', 90_000, null, false],
  ['the socket has just gone', 100, 0, true],
  ['the socket is gone for a moment short of 2 s', 100, 1999, true],
  ['the socket is gone for 2 s', 100, 2000, false],
  ['the socket has just gone, and the heartbeats long before', 90_000, 1, false],
])('decides when %s', (...[, sinceHeartbeatMs, sinceDropMs, isOnline]) => {
  expect(isDeviceOnline({ sinceHeartbeatMs, sinceDropMs })).toBe(isOnline)
})

it('never calls a device online for longer silence', () => {
  const ms = fc.option(fc.integer({ min: 0, max: 200_000 }))
  fc.assert(
    fc.property(ms, ms, fc.nat(100_000), (sinceHeartbeatMs, sinceDropMs, moreMs) => {
      const later = {
        sinceHeartbeatMs: sinceHeartbeatMs === null ? null : sinceHeartbeatMs + moreMs,
        sinceDropMs: sinceDropMs === null ? null : sinceDropMs + moreMs,
      }
      expect(isDeviceOnline(later) && !isDeviceOnline({ sinceHeartbeatMs, sinceDropMs })).toBe(false)
    }),
  )
})
