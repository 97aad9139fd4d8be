import { expect, it } from 'vitest'

import { persistently } from '#cli/server/patience.ts'
import { AppError } from '#core/errors.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

function aWait(answers: readonly (Error | null)[]) {
  const clock = new FakeClock()
  const said: string[] = []
  const ignore = () => undefined
  const warn = (fields: object, text: string) => void said.push(String(Object.values(fields)[0] ?? text))
  const stop = new AbortController()
  let asked = 0
  const task = async () => {
    const answer = answers[Math.min(asked, answers.length - 1)]
    asked += 1
    if (answer) throw answer
  }
  const logger = { debug: ignore, info: ignore, warn, error: ignore }
  const done = persistently(task, { clock, logger, signal: stop.signal })
  return { clock, said, stop, done, asked: () => asked }
}

const AWAY = new AppError('STORE_UNAVAILABLE', 'no connection')
const FORBIDDEN = new AppError('STORE_UNAVAILABLE', 'not allowed')

it('goes on until it is done, at most half a minute apart, and says each reason once', async () => {
  const wait = aWait([AWAY, AWAY, FORBIDDEN, AWAY, null])
  // Until it waits.
  await wait.clock.advance(0)
  await wait.clock.advance(200_000)
  await wait.done
  expect(wait.said.filter((line) => line.startsWith('AppError'))).toEqual(
    ['no connection', 'not allowed', 'no connection'].map((text) => `AppError: ${text}`),
  )
  expect(wait.asked()).toBe(5)
  expect(wait.clock.pending).toBe(0)
})

it('does not wait for what does not go away by itself', async () => {
  const broken = new AppError('SETTING_INVALID', 'wrong')
  await expect(aWait([broken]).done).rejects.toBe(broken)
})

it('ends with the signal', async () => {
  const wait = aWait([AWAY])
  wait.stop.abort()
  await wait.done
  expect(wait.asked()).toBeLessThan(3)
})

it('says that it waits though nothing failed yet', async () => {
  const clock = new FakeClock()
  const said: string[] = []
  const ignore = () => undefined
  const logger = {
    debug: ignore,
    info: ignore,
    warn: (_: object, text: string) => void said.push(text),
    error: ignore,
  }
  const { promise: answer, resolve } = Promise.withResolvers<void>()
  const done = persistently(() => answer, { clock, logger, signal: new AbortController().signal })
  await clock.advance(3_000)
  resolve()
  await done
  expect(said).toEqual(['the store has not answered yet'])
})
