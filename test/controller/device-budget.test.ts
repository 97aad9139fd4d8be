import { describe, expect, it } from 'vitest'

import { DeviceBudget } from '#controller/device-budget.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

const DEVICE = { namespace: 'user-7', deviceId: 'device-1' }

/** Takes as many commands as there are at this moment. */
function takeAll(budget: DeviceBudget, device = DEVICE): number {
  let taken = 0
  for (; taken < 1_000 && budget.waitMs(device) === 0; taken += 1) budget.take(device)
  return taken
}

describe('the budget of a device', () => {
  it('is twenty commands at once, then one in six seconds', async () => {
    const clock = new FakeClock()
    const budget = new DeviceBudget(clock)
    expect(takeAll(budget)).toBe(20)
    expect(budget.waitMs(DEVICE)).toBe(6_000)
    await clock.advance(5_999)
    expect(takeAll(budget)).toBe(0)
    await clock.advance(1)
    expect(takeAll(budget)).toBe(1)
    await clock.advance(60_000)
    expect(takeAll(budget)).toBe(10)
  })

  it('is full again after two minutes, and never more than full', async () => {
    const clock = new FakeClock()
    const budget = new DeviceBudget(clock)
    takeAll(budget)
    await clock.advance(120_000)
    expect(takeAll(budget)).toBe(20)
    await clock.advance(3_600_000)
    expect(takeAll(budget)).toBe(20)
  })

  it('is its own for each device', () => {
    const budget = new DeviceBudget(new FakeClock())
    takeAll(budget)
    expect(takeAll(budget, { ...DEVICE, deviceId: 'device-2' })).toBe(20)
    expect(takeAll(budget, { ...DEVICE, namespace: 'user-8' })).toBe(20)
  })

  it('does not heed a jump of the wall clock', () => {
    const clock = new FakeClock()
    const budget = new DeviceBudget(clock)
    takeAll(budget)
    clock.jump(-3_600_000)
    expect(budget.waitMs(DEVICE)).toBe(6_000)
  })
})
