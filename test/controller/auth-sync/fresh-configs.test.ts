import { describe, expect, it } from 'vitest'

import { FreshConfigs } from '#controller/auth-sync/fresh-configs.ts'
import { AppError } from '#core/errors.ts'
import type { Store } from '#store/store.ts'
import { aUserRuntimeConfig } from '#test/support/resources.ts'
import { until } from '#test/support/until.ts'

const KEY = { namespace: 'user-7', name: 'codex' }

/** A store that answers when it is told to. */
class SlowStore {
  readonly reads: PromiseWithResolvers<unknown>[] = []
  readonly get = (() => {
    const read = Promise.withResolvers<unknown>()
    this.reads.push(read)
    return read.promise
  }) as Store['get']

  async answer(at: number, version: string): Promise<void> {
    await until(() => this.reads.length > at)
    const config = aUserRuntimeConfig()
    this.reads[at]?.resolve({ ...config, metadata: { ...config.metadata, resourceVersion: version } })
  }
}

const versionsOf = async (found: readonly ReturnType<FreshConfigs['find']>[]) =>
  (await Promise.all(found)).map((config) => config?.metadata.resourceVersion)

describe('configurations read past the memory', () => {
  it('are read once for all who ask at once', async () => {
    const store = new SlowStore()
    const fresh = new FreshConfigs(store)
    const found = Array.from({ length: 1000 }, () => fresh.find(KEY))
    await store.answer(0, '5')
    expect(new Set(await versionsOf(found))).toEqual(new Set(['5']))
    expect(store.reads).toHaveLength(1)
  })

  it('are read anew for whoever asks after a read began: it may be older than what is asked for', async () => {
    const store = new SlowStore()
    const fresh = new FreshConfigs(store)
    const early = fresh.find(KEY)
    await until(() => store.reads.length === 1)
    const late = [fresh.find(KEY), fresh.find(KEY)]
    await store.answer(0, '5')
    await store.answer(1, '6')
    expect(await versionsOf([early, ...late])).toEqual(['5', '6', '6'])
  })

  it('do not wait for another one, nor fail with the read before', async () => {
    const store = new SlowStore()
    const fresh = new FreshConfigs(store)
    const broken = fresh.find(KEY)
    await until(() => store.reads.length === 1)
    const other = fresh.find({ ...KEY, name: 'claude' })
    const late = fresh.find(KEY)
    await store.answer(1, '7')
    expect(await versionsOf([other])).toEqual(['7'])
    store.reads[0]?.reject(new AppError('STORE_UNAVAILABLE', 'away'))
    await expect(broken).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await store.answer(2, '8')
    expect(await versionsOf([late])).toEqual(['8'])
  })
})
