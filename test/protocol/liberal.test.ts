import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { parseFileReport } from '#protocol/heartbeat.ts'
import { isTime } from '#protocol/liberal.ts'

it.each([
  '2026-11-20T10:00:00Z',
  '2026-11-20T10:00:00.123456789Z',
  '2026-11-20T10:00:00+02:00',
  '2026-11-20 10:00:00.123456+0000',
  '2026-11-20T10:00',
])('takes %j for a time', (text) => {
  expect(isTime(text)).toBe(true)
})

it.each([
  '',
  'secret-token 12',
  'eyJhbGciOiJFZERTQSJ9 5',
  '12',
  '2026-13-45T99:00:00Z',
  '2026-11-20T10:00:00Z secret',
  'secret 2026-11-20T10:00:00Z',
  '2026-11-20T10:00:00Z\n',
  `2026-11-20T10:00:00.${'1'.repeat(10_000)}Z`,
])('takes %j for none', (text) => {
  expect(isTime(text)).toBe(false)
})

it('takes every time that a program writes', () => {
  const dates = fc.date({ min: new Date(0), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  fc.assert(
    fc.property(dates, (date) => {
      expect(isTime(date.toISOString())).toBe(true)
    }),
  )
})

it('never keeps as a time of refresh what may be a token', () => {
  const token = fc.tuple(fc.stringMatching(/^[\w-]{8,40}$/), fc.nat(31)).map((parts) => parts.join(' '))
  fc.assert(
    fc.property(token, (text) => {
      expect(parseFileReport({ exists: true, last_refresh: text })?.lastRefresh).toBeNull()
    }),
  )
})
