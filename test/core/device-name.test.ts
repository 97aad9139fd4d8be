import { createHash } from 'node:crypto'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { deviceNameOf } from '#core/device-name.ts'

function derived(deviceId: string): string {
  return `dev-${createHash('sha256').update(deviceId).digest('hex').slice(0, 32)}`
}

describe('the name of a device object', () => {
  it.each(['device-1', 'a', '0', 'host.example.com', 'dev-1', 'dev-abc', 'a'.repeat(63), '1-2.3-4'])(
    'is the device id: %s',
    (id) => {
      expect(deviceNameOf(id)).toBe(id)
    },
  )

  it.each([
    ['has capitals', 'Device-1'],
    ['has an underscore', 'device_1'],
    ['has spaces', 'my laptop'],
    ['is not ASCII', '设备'],
    ['begins with a dash', '-a'],
    ['ends with a dash', 'a-'],
    ['begins with a dot', '.a'],
    ['ends with a dot', 'a.'],
    ['has an empty label', 'a..b'],
    ['has a label that ends with a dash', 'a-.b'],
    ['has a slash', 'a/b'],
    ['climbs', '..'],
    ['is empty', ''],
    ['ends with a line break', 'device-1\n'],
    ['is long', 'a'.repeat(64)],
    ['looks derived', derived('another')],
  ])('is derived from the device id when it %s', (_what, id) => {
    expect(deviceNameOf(id)).toBe(derived(id))
  })

  it('is always a name Kubernetes takes, and different for different ids', () => {
    const id = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 100 }),
      fc.stringMatching(/^[a-z0-9.-]{0,70}$/),
    )
    fc.assert(
      fc.property(id, id, (one, other) => {
        expect(deviceNameOf(one)).toMatch(
          /^(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
        )
        expect(deviceNameOf(one) === deviceNameOf(other)).toBe(one === other)
      }),
    )
  })
})
