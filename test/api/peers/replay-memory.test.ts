import { expect, it } from 'vitest'

import { ReplayMemory } from '#api/peers/replay-memory.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

it('takes each id once while it is remembered', async () => {
  const clock = new FakeClock()
  const memory = new ReplayMemory(clock, 1_000)

  expect([memory.take('x'), memory.take('x'), memory.take('y')]).toEqual([true, false, true])
  await clock.advance(999)
  expect(memory.take('x')).toBe(false)
  await clock.advance(1)
  expect(memory.take('x')).toBe(true)
})

it('refuses rather than forgets when too much is said at once', async () => {
  const clock = new FakeClock()
  const memory = new ReplayMemory(clock, 1_000, 2)
  memory.take('x')
  memory.take('y')

  expect(() => memory.take('z')).toThrow('too many messages of replicas lately')
  expect(memory.take('x')).toBe(false)
  await clock.advance(1_000)
  expect(memory.take('z')).toBe(true)
})
