import { expect, it, onTestFinished } from 'vitest'

import { type Caches, createCaches } from '#cli/caches.ts'
import { openSqliteStore } from '#store/sqlite/open.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore }

function ignore(): void {}

async function started(maxSilenceMs: number | null): Promise<{ caches: Caches; clock: FakeClock }> {
  const clock = new FakeClock()
  const stores = await openSqliteStore({ path: ':memory:', clock })
  const stop = new AbortController()
  onTestFinished(() => {
    stop.abort()
    stores.close()
  })
  const caches = createCaches({ ...stores, maxSilenceMs, logger: SILENT }, clock)
  await caches.start(stop.signal)
  return { caches, clock }
}

function check({ readiness }: Caches) {
  return async () => readiness.check()
}

it('are ready when everything is in memory', async () => {
  const { caches } = await started(300_000)
  await expect(check(caches)()).resolves.toBeUndefined()
})

it('are not ready before', async () => {
  const clock = new FakeClock()
  const stores = await openSqliteStore({ path: ':memory:', clock })
  onTestFinished(() => stores.close())
  const caches = createCaches({ ...stores, maxSilenceMs: null, logger: SILENT }, clock)
  await expect(check(caches)()).rejects.toThrow('have not caught up')
})

it('are no longer ready when a watch that never is silent was silent for too long', async () => {
  const { caches, clock } = await started(300_000)
  await clock.advance(300_000)
  await expect(check(caches)()).resolves.toBeUndefined()
  await clock.advance(1_000)
  await expect(check(caches)()).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: 'nothing was heard of the watch of UserRuntimeConfig for 301 s; is the API server there?',
  })
})

it('stay ready where an idle store says nothing', async () => {
  const { caches, clock } = await started(null)
  await clock.advance(3_600_000)
  await expect(check(caches)()).resolves.toBeUndefined()
})
