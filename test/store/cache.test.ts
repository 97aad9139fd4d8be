import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { createCache } from '#store/cache.ts'
import { FlakyStore } from '#test/support/flaky-store.ts'
import { openSqliteSubject } from '#test/support/sqlite-subject.ts'
import { aDeviceStatus, aStoredConfig, aStoredDevice, aStoredRuntime } from '#test/support/store-objects.ts'
import { until } from '#test/support/until.ts'

describe('a cache of objects', () => {
  let subject: Awaited<ReturnType<typeof openSqliteSubject>>
  let flaky: FlakyStore
  let stop: AbortController
  beforeEach(async () => {
    subject = await openSqliteSubject()
    flaky = new FlakyStore(() => subject.store)
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort()
    await subject.close()
  })

  const make = () =>
    createCache({
      store: flaky.store,
      kinds: ['Device', 'Runtime'] as const,
      clock: subject.clock,
      random: () => 0.5,
    })
  const started = async () => {
    const cache = make()
    const changes: string[] = []
    cache.onChange('Device', ({ type, object, previous }) => {
      const before = previous === undefined ? '' : ` before ${previous.spec.displayName}`
      changes.push(`${type} ${object.metadata.name} ${object.spec.displayName}${before}`)
    })
    await cache.start(stop.signal)
    return { cache, changes }
  }
  const create = (name: string, namespace = 'user-1') =>
    subject.store.create('Device', aStoredDevice({ namespace, name }))
  const rename = (name: string, displayName: string) =>
    subject.store.update('Device', aStoredDevice({ name }, { displayName }))
  const remove = (name: string) => subject.store.delete('Device', { namespace: 'user-1', name })

  it('has everything when start resolves, and not before', async () => {
    const device = await create('a')
    const cache = make()
    expect(cache.isSynced).toBe(false)
    expect(cache.lastEventAgeMs('Device')).toBe(Number.POSITIVE_INFINITY)
    await cache.start(stop.signal)
    expect(cache.isSynced).toBe(true)
    expect(cache.get('Device', { namespace: 'user-1', name: 'a' })).toEqual(device)
    expect(cache.list('Runtime')).toEqual([])
  })

  it('keeps namespaces apart', async () => {
    await create('a')
    const theirs = await create('a', 'user-2')
    const { cache } = await started()
    expect(cache.list('Device', 'user-2')).toEqual([theirs])
    expect(cache.list('Device')).toHaveLength(2)
    expect(cache.list('Device', 'user-3')).toEqual([])
    expect(cache.get('Device', { name: 'a' })).toBeUndefined()
  })

  it('finds cluster-scoped objects by their name', async () => {
    const runtime = await subject.store.create('Runtime', aStoredRuntime())
    const { cache } = await started()
    expect(cache.of('Runtime').get({ name: 'gemini' })).toEqual(runtime)
    expect(cache.of('Runtime').list()).toEqual([runtime])
  })

  it('gives out what cannot be changed', async () => {
    await create('a')
    const { cache } = await started()
    const device = cache.get('Device', { namespace: 'user-1', name: 'a' })
    expect(() => Object.assign(device?.spec ?? {}, { displayName: 'changed' })).toThrow(TypeError)
  })

  it('calls back for each change, with what was before', async () => {
    await create('a')
    const { changes } = await started()
    await rename('a', 'New')
    await remove('a')
    await create('b')
    await until(() => changes.length === 4)
    expect(changes).toEqual([
      'ADDED a Mac',
      'MODIFIED a New before Mac',
      'DELETED a New before New',
      'ADDED b Mac',
    ])
  })

  it('shows what it calls back about', async () => {
    const cache = make()
    const seen: number[] = []
    cache.onChange('Device', () => seen.push(cache.list('Device').length))
    await create('a')
    await create('b')
    await cache.start(stop.signal)
    await remove('a')
    await until(() => seen.length === 3)
    expect(seen).toEqual([2, 2, 1])
  })

  it('calls nobody who stopped listening', async () => {
    const { cache, changes } = await started()
    const others: string[] = []
    const stopListening = cache.of('Device').onChange(({ type }) => others.push(type))
    stopListening()
    await create('a')
    await until(() => changes.length === 1)
    expect(others).toEqual([])
  })

  it('resumes from the last version it saw when the connection broke', async () => {
    const { changes } = await started()
    const last = await create('a')
    await until(() => changes.length === 1)
    flaky.cut()
    await subject.clock.advance(0)
    await rename('a', 'New')
    await create('b')
    flaky.mend()
    flaky.calls.length = 0
    await subject.clock.advance(60_000)
    await until(() => changes.length === 3)
    expect(changes.slice(1)).toEqual(['MODIFIED a New before Mac', 'ADDED b Mac'])
    expect(flaky.calls).toContain(`watch ${last.metadata.resourceVersion}`)
    expect(flaky.calls).not.toContain('list')
  })

  it('lists again when its version expired, and calls back for the differences alone', async () => {
    await create('same')
    await create('gone')
    await create('changed')
    const { cache, changes } = await started()
    await until(() => changes.length === 3)
    flaky.cut()
    await subject.clock.advance(0)
    await remove('gone')
    await rename('changed', 'New')
    await create('new')
    await subject.compact()
    flaky.mend()
    await subject.clock.advance(120_000)
    await until(() => changes.length === 6)
    expect(changes.slice(3).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'ADDED new Mac',
      'DELETED gone Mac before Mac',
      'MODIFIED changed New before Mac',
    ])
    const names = cache.list('Device').map(({ metadata }) => metadata.name)
    expect(new Set(names)).toEqual(new Set(['same', 'changed', 'new']))
  })

  it('takes an object that was deleted and made again as changed', async () => {
    await create('a')
    const { cache, changes } = await started()
    flaky.cut()
    await subject.clock.advance(0)
    await remove('a')
    const again = await create('a')
    await subject.compact()
    flaky.mend()
    await subject.clock.advance(120_000)
    await until(() => changes.length === 2)
    expect(cache.get('Device', { namespace: 'user-1', name: 'a' })?.metadata.uid).toBe(again.metadata.uid)
  })

  it('waits longer after each failure, up to half a minute, and never gives up', async () => {
    flaky.cut()
    const cache = createCache({
      store: flaky.store,
      kinds: ['Device'],
      clock: subject.clock,
      random: () => 1,
    })
    const ready = cache.start(stop.signal)
    await subject.clock.advance(0)
    const failedAt: number[] = []
    const from = subject.clock.monotonic()
    for (let second = 0; second < 250; second += 1) {
      const before = flaky.calls.length
      await subject.clock.advance(500)
      if (flaky.calls.length > before) failedAt.push(subject.clock.monotonic() - from)
    }
    expect(failedAt).toEqual([500, 1500, 3500, 7500, 15_500, 31_500, 61_500, 91_500, 121_500])
    flaky.mend()
    await subject.clock.advance(30_000)
    await ready
    expect(cache.isSynced).toBe(true)
  })

  it('costs nothing while nothing changes', async () => {
    const { cache } = await started()
    await subject.compact()
    flaky.calls.length = 0
    await subject.clock.advance(10_000_000)
    expect(flaky.calls).toEqual([])
    expect(subject.clock.pending).toBe(0)
    expect(cache.isSynced).toBe(true)
  })

  it('knows how long it has heard nothing', async () => {
    const { cache, changes } = await started()
    await subject.clock.advance(5000)
    expect(cache.lastEventAgeMs('Device')).toBe(5000)
    await create('a')
    await until(() => changes.length === 1)
    expect(cache.lastEventAgeMs('Device')).toBe(0)
  })

  it('is told by bookmarks how far it is, so that it seldom expires', async () => {
    const { cache } = await started()
    const other = await subject.store.create('UserRuntimeConfig', aStoredConfig())
    await subject.clock.advance(60_000)
    await until(() => cache.lastEventAgeMs('Device') === 0)
    flaky.calls.length = 0
    flaky.cut()
    await subject.clock.advance(0)
    flaky.mend()
    await subject.clock.advance(60_000)
    expect(flaky.calls).toContain(`watch ${other.metadata.resourceVersion}`)
  })

  it('does not count as fresh after a bug, until it has listed again', async () => {
    const bugs: unknown[] = []
    const cache = createCache({
      store: flaky.store,
      kinds: ['Device'],
      clock: subject.clock,
      onBug: (error) => bugs.push(error),
    })
    await cache.start(stop.signal)
    const bug = new TypeError('a bug')
    const stopListening = cache.onChange('Device', () => {
      throw bug
    })
    await create('a')
    await until(() => !cache.isSynced)
    expect(bugs).toEqual([bug])
    stopListening()
    await create('b')
    await subject.clock.advance(60_000)
    await until(() => cache.isSynced)
    expect(cache.list('Device')).toHaveLength(2)
  })

  it('stops with its signal, also while it waits', async () => {
    flaky.cut()
    const cache = make()
    const ready = cache.start(stop.signal)
    stop.abort()
    await ready
    expect(cache.isSynced).toBe(false)
  })

  it('has pages of more than one list together', async () => {
    for (let at = 0; at < 501; at += 1) await create(`d-${at}`)
    const { cache } = await started()
    expect(cache.list('Device')).toHaveLength(501)
    expect(flaky.calls.filter((call) => call === 'list')).toHaveLength(3)
  })

  it('shows changes of the status', async () => {
    const device = await create('a')
    const { cache, changes } = await started()
    await subject.store.updateStatus('Device', { ...device, status: aDeviceStatus() })
    await until(() => changes.length === 2)
    expect(cache.list('Device', 'user-1')[0]?.status).toEqual(aDeviceStatus())
  })
})
