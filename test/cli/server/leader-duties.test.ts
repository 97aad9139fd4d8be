import { expect, it } from 'vitest'

import { doDuties } from '#cli/server/leader-duties.ts'
import { AppError } from '#core/errors.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

function aLeader() {
  const listeners = new Set<(isLeader: boolean) => void>()
  const leadership = {
    isLeader: false,
    onChange: (listener: (isLeader: boolean) => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    lead(isLeader: boolean) {
      leadership.isLeader = isLeader
      for (const listener of listeners) listener(isLeader)
    },
  }
  return leadership
}

function someDuties() {
  const clock = new FakeClock()
  const leadership = aLeader()
  const done: string[] = []
  const warnings: string[] = []
  const ignore = () => undefined
  const logger = {
    debug: ignore,
    info: ignore,
    warn: (_: object, text: string) => void warnings.push(text),
    error: ignore,
  }
  const tasks = [
    async () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'away')),
    async () => void done.push('sweep'),
  ]
  const end = doDuties({ leadership, clock, logger, tasks })
  return { clock, leadership, done, warnings, end }
}

it('are done by whoever leads, and by nobody else', async () => {
  const { clock, leadership, done } = someDuties()
  await clock.advance(3_600_000)
  expect(done).toEqual([])
  leadership.lead(true)
  await clock.advance(60_000)
  expect(done).toEqual(['sweep'])
  await clock.advance(600_000)
  expect(done).toEqual(['sweep', 'sweep'])
  leadership.lead(false)
  await clock.advance(3_600_000)
  expect(done).toHaveLength(2)
})

it('are done though another one failed', async () => {
  const { clock, leadership, done, warnings } = someDuties()
  leadership.lead(true)
  await clock.advance(60_000)
  expect({ done, warnings }).toEqual({
    done: ['sweep'],
    warnings: ['cleaning up failed and will be tried again'],
  })
})

it('end with the process', async () => {
  const { clock, leadership, done, end } = someDuties()
  leadership.lead(true)
  end()
  await clock.advance(3_600_000)
  expect(done).toEqual([])
  expect(clock.pending).toBe(0)
})
