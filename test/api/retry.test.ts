import { setImmediate } from 'node:timers/promises'

import { describe, expect, it } from 'vitest'

import { retryOnConflict } from '#api/retry.ts'
import { Turns } from '#api/turns.ts'
import { AppError } from '#core/errors.ts'

describe('retryOnConflict', () => {
  it('lets everybody through where twenty change one object over and over', async () => {
    const object = new SlowObject()
    const api = { turns: new Turns() }
    const writers = Array.from({ length: 20 }, async () => {
      for (let round = 0; round < 10; round += 1) {
        await retryOnConflict(api, 'one', async () => object.write((await object.read()) + 1))
      }
    })
    await Promise.all(writers)
    expect(await object.read()).toBe(200)
  })

  it('lets those who change something else go on meanwhile', async () => {
    const api = { turns: new Turns() }
    const { promise, resolve } = Promise.withResolvers<void>()
    let tries = 0
    const slow = retryOnConflict(api, 'one', async () => {
      tries += 1
      if (tries === 1) throw new AppError('CONFLICT', 'changed meanwhile')
      await promise
      return 'slow'
    })
    expect(await retryOnConflict(api, 'other', async () => 'quick')).toBe('quick')
    resolve()
    expect(await slow).toBe('slow')
  })

  it('gives up after fifty lost races', async () => {
    let tries = 0
    const lost = retryOnConflict({ turns: new Turns() }, 'one', async () => {
      tries += 1
      throw new AppError('CONFLICT', 'changed meanwhile')
    })
    await expect(lost).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(tries).toBe(50)
  })

  it('tells at once what no other writer did', async () => {
    let tries = 0
    const broken = retryOnConflict({ turns: new Turns() }, 'one', async () => {
      tries += 1
      throw new AppError('NOT_FOUND', 'nobody')
    })
    await expect(broken).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(tries).toBe(1)
  })
})

/** Compare-and-set over a connection that takes its time. */
class SlowObject {
  #value = 0

  async read(): Promise<number> {
    await setImmediate()
    return this.#value
  }

  /** Each value is one more than the one that was read: that is its version. */
  async write(value: number): Promise<void> {
    await setImmediate()
    if (value !== this.#value + 1) throw new AppError('CONFLICT', 'changed meanwhile')
    this.#value = value
  }
}
