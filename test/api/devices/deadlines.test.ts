import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { Deadlines } from '#api/devices/deadlines.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

function start() {
  const clock = new FakeClock()
  const due: [string, number][] = []
  const deadlines = new Deadlines<string>(clock, 100, (item) => void due.push([item, clock.monotonic()]))
  return { clock, due, deadlines }
}

it('calls each item when its time is over', async () => {
  const { clock, due, deadlines } = start()
  deadlines.touch('a')
  await clock.advance(30)
  deadlines.touch('b')
  await clock.advance(500)
  expect(due).toEqual([
    ['a', 100],
    ['b', 130],
  ])
})

it('starts anew with each touch and forgets what is dropped', async () => {
  const { clock, due, deadlines } = start()
  for (const item of ['a', 'b', 'c']) deadlines.touch(item)
  await clock.advance(60)
  deadlines.touch('a')
  deadlines.drop('b')
  await clock.advance(500)
  expect(due).toEqual([
    ['c', 100],
    ['a', 160],
  ])
})

it('keeps one timer however many items there are, and none when there is nothing to wait for', async () => {
  const { clock, deadlines } = start()
  expect(clock.pending).toBe(0)
  for (let item = 0; item < 1000; item += 1) deadlines.touch(String(item))
  expect(clock.pending).toBe(1)
  await clock.advance(100)
  expect(clock.pending).toBe(0)
  deadlines.touch('again')
  deadlines.clear()
  expect(clock.pending).toBe(0)
})

it('takes an item that touches itself when it falls due', async () => {
  const clock = new FakeClock()
  const at: number[] = []
  const deadlines: Deadlines<string> = new Deadlines(clock, 100, (item) => {
    at.push(clock.monotonic())
    deadlines.touch(item)
  })
  deadlines.touch('a')
  await clock.advance(350)
  expect(at).toEqual([100, 200, 300])
})

it('is right about any sequence of touches and drops', async () => {
  const step = fc.record({
    item: fc.constantFrom('a', 'b', 'c'),
    act: fc.constantFrom('touch', 'drop'),
    waitMs: fc.integer({ min: 0, max: 80 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const { clock, due, deadlines } = start()
      const expected = new Map<string, number>()
      const wanted: [string, number][] = []
      const settle = (now: number) => {
        for (const [item, at] of [...expected].sort((a, b) => a[1] - b[1])) {
          if (at > now) continue
          wanted.push([item, at])
          expected.delete(item)
        }
      }
      for (const { item, act, waitMs } of steps) {
        expected.delete(item)
        if (act === 'touch') expected.set(item, clock.monotonic() + 100)
        if (act === 'touch') deadlines.touch(item)
        else deadlines.drop(item)
        await clock.advance(waitMs)
        settle(clock.monotonic())
      }
      await clock.advance(200)
      settle(Infinity)
      expect(new Set(due.map(String))).toEqual(new Set(wanted.map(String)))
    }),
    { numRuns: 50 },
  )
})
