import { expect, it } from 'vitest'

import { parseDuration } from '#cli/duration.ts'

it.each([
  ['90s', 90],
  ['5m', 300],
  ['12h', 43_200],
  ['7d', 604_800],
  ['52w', 31_449_600],
])('reads %s as %i seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds)
})

it.each(['', '0d', '-1d', '1', '1y', '7 d', '99999d', '1.5h', '9999999999s'])(
  'refuses %j and says what it expected',
  (text) => {
    expect(() => parseDuration(text)).toThrow(
      'Expected a duration such as 12h, 7d or 52w, at most ten years.',
    )
  },
)
