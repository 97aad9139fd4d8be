import { assert, constantFrom, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type DeviceHolding, standingOf } from '#core/device-ownership.ts'

function aHolding(overrides: Partial<DeviceHolding> = {}): DeviceHolding {
  return {
    self: 'a',
    holder: 'b',
    isHolderAlive: true,
    here: 'unknown',
    isOvertaken: false,
    wasHeardElsewhere: false,
    isLeader: false,
    ...overrides,
  }
}

describe('whose a device is', () => {
  it.each<readonly [string, Partial<DeviceHolding>, string]>([
    ['ours when its status says so, whatever is known here', { holder: 'a' }, 'ours'],
    ['ours when it speaks to us, whoever is in its status', { here: 'online' }, 'ours'],
    ['ours when it speaks to us and nobody is in its status', { holder: null, here: 'online' }, 'ours'],
    [
      'contested when another took it since it spoke to us last',
      { here: 'online', isOvertaken: true },
      'contested',
    ],
    ['ours when the other gave it up again', { holder: null, here: 'online', isOvertaken: true }, 'ours'],
    ['theirs when it went offline here and another has it', { here: 'offline' }, 'theirs'],
    [
      'theirs when it went offline here and the other is gone: there is a grace, and a leader',
      { here: 'offline', isHolderAlive: false, isLeader: true },
      'theirs',
    ],
    ['ours when it went offline here and nobody took it', { holder: null, here: 'offline' }, 'ours'],
    [
      'theirs when it went offline here and later elsewhere',
      { holder: null, here: 'offline', wasHeardElsewhere: true },
      'theirs',
    ],
    ['theirs when we know nothing of it', {}, 'theirs'],
    ['theirs when its replica is gone and another leads', { isHolderAlive: false }, 'theirs'],
    ['the leader’s when its replica is gone', { isHolderAlive: false, isLeader: true }, 'ours'],
    ['the leader’s when nobody has it', { holder: null, isLeader: true }, 'ours'],
    ['not the leader’s while its replica is there', { isLeader: true }, 'theirs'],
  ])('is %s', (_what, holding, standing) => {
    expect(standingOf(aHolding(holding))).toBe(standing)
  })

  it('is at rest never more than one replica’s: the one that hears it, the one in its status, or the leader', () => {
    const scenes = record({
      holder: constantFrom('a', 'b', 'gone', null),
      hears: constantFrom('a', 'b', null),
      leader: constantFrom('a', 'b'),
    })
    assert(
      property(scenes, ({ holder, hears, leader }) => {
        const of = (self: 'a' | 'b') =>
          standingOf({
            self,
            holder,
            isHolderAlive: holder !== 'gone',
            here: hears === self ? 'online' : 'unknown',
            isOvertaken: false,
            wasHeardElsewhere: false,
            isLeader: leader === self,
          })
        // A device that speaks to one and is written down as the other's is about to be written down anew.
        const isMoving = hears !== null && holder !== hears
        const owners = (['a', 'b'] as const).filter((self) => of(self) === 'ours')
        return isMoving || owners.length === 1
      }),
    )
    expect(standingOf(aHolding({ here: 'online' }))).toBe('ours')
  })
})
