import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { AppError, type ErrorCode } from '#core/errors.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { runSourceLoop, type SourceChange, type WatchSource } from '#store/watch-loop.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { aStoredDevice } from '#test/support/store-objects.ts'

type Device = ObjectOf<'Device'>
type WatchAnswer = (push: (name: string, version: number) => SourceChange<Device>) => readonly {
  readonly afterMs?: number
  readonly event?: SourceChange<Device>
  readonly error?: ErrorCode
}[]

describe('a watch loop', () => {
  let clock: FakeClock
  let stop: AbortController
  let calls: string[]
  let seen: string[]
  let watchAnswer: WatchAnswer
  let listFails: ErrorCode | undefined

  beforeEach(() => {
    clock = new FakeClock()
    stop = new AbortController()
    calls = []
    seen = []
    watchAnswer = () => []
    listFails = undefined
  })

  afterEach(() => stop.abort())

  const event = (name: string, version: number): SourceChange<Device> => ({
    type: 'MODIFIED',
    object: aStoredDevice({ name, resourceVersion: String(version) }),
  })

  const source: WatchSource<Device> = {
    list: async () => {
      calls.push('list')
      if (listFails !== undefined) throw new AppError(listFails, 'made up')
      return { items: [], metadata: { resourceVersion: '10' } }
    },
    watch: async function* watch({ resourceVersion, signal }) {
      calls.push(`watch ${resourceVersion}`)
      for (const { afterMs, event: change, error } of watchAnswer(event)) {
        if (afterMs !== undefined) await wait(afterMs, signal)
        if (error !== undefined) throw new AppError(error, 'made up')
        if (change !== undefined) yield change
      }
    },
  }

  const wait = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      clock.after(ms, resolve)
      signal.addEventListener('abort', () => resolve())
    })

  const run = () => {
    const sink = {
      replaceAll: () => void seen.push('all'),
      apply: ({ object }: SourceChange<Device>) => void seen.push(object.metadata.name),
      heard: () => undefined,
    }
    return runSourceLoop({ clock, random: () => 1 }, { source, sink }, stop.signal)
  }

  it('goes on at once from where it was when a server ends a watch after minutes', async () => {
    watchAnswer = (make) => [{ event: make('a', 11) }, { afterMs: 400_000 }]
    void run()
    await clock.advance(0)
    await clock.advance(400_000)
    expect(calls).toEqual(['list', 'watch 10', 'watch 11'])
  })

  it('comes back ever more slowly to a server that sends one event and closes', async () => {
    watchAnswer = (make) => [{ event: make('a', 11) }]
    void run()
    await clock.advance(0)
    await clock.advance(600_000)
    // 0.5 + 1 + 2 + … + 16 s, then every 30 s.
    expect(calls).toHaveLength(26)
    expect(new Set(calls)).toEqual(new Set(['list', 'watch 10', 'watch 11']))
  })

  it('begins with a short wait again after a watch that lived for a minute', async () => {
    let lifetimeMs = 0
    watchAnswer = () => [{ afterMs: lifetimeMs }, { error: 'STORE_UNAVAILABLE' }]
    void run()
    await clock.advance(0)
    await clock.advance(600_000)
    lifetimeMs = 60_000
    await clock.advance(90_000)
    calls.length = 0
    await clock.advance(60_500 * 3)
    expect(calls).toEqual(['watch 10', 'watch 10', 'watch 10'])
  })

  it('does not take a slow list for a good watch', async () => {
    const slow: WatchSource<Device> = {
      ...source,
      list: async () => {
        calls.push('list')
        await wait(70_000, stop.signal)
        throw new AppError('STORE_UNAVAILABLE', 'made up')
      },
    }
    const sink = { replaceAll: () => undefined, apply: () => undefined, heard: () => undefined }
    void runSourceLoop({ clock, random: () => 1 }, { source: slow, sink }, stop.signal)
    await clock.advance(0)
    await clock.advance(10 * 70_000)
    // With waits of 0.5, 1, 2, … 30 s between them; it would be 10 with half a second each time.
    expect(calls).toHaveLength(9)
  })

  it('lists again at once when it was too slow, but not a second time', async () => {
    watchAnswer = () => [{ error: 'EXPIRED' }]
    void run()
    await clock.advance(0)
    expect(calls).toEqual(['list', 'watch 10', 'list', 'watch 10'])
    await clock.advance(999)
    expect(calls).toHaveLength(4)
  })

  it('lists again after an event without a version', async () => {
    watchAnswer = () => [{ event: { type: 'ADDED', object: aStoredDevice() } }]
    void run()
    await clock.advance(0)
    expect(calls.slice(0, 3)).toEqual(['list', 'watch 10', 'list'])
  })

  it.each<ErrorCode>(['STORE_UNAVAILABLE', 'REQUEST_MALFORMED', 'NOT_FOUND', 'EXPIRED'])(
    'has no end but its signal, whatever a list fails with (%s)',
    async (code) => {
      listFails = code
      const ended = run()
      await clock.advance(0)
      await clock.advance(3_600_000)
      expect(calls.length).toBeGreaterThan(100)
      listFails = undefined
      await clock.advance(30_000)
      expect(seen).toContain('all')
      stop.abort()
      await expect(ended).resolves.toBeUndefined()
    },
  )

  it('tells of a bug, and goes on with a list', async () => {
    const bugs: unknown[] = []
    const told: string[] = []
    const bug = new TypeError('a bug')
    watchAnswer = (make) => [{ event: make('a', 11) }, { afterMs: 400_000 }]
    const sink = {
      replaceAll: () => void told.push('all'),
      apply: () => {
        throw bug
      },
      heard: () => undefined,
      lost: () => void told.push('lost'),
    }
    const deps = { clock, random: () => 1, onBug: (error: unknown) => void bugs.push(error) }
    void runSourceLoop(deps, { source, sink }, stop.signal)
    await clock.advance(0)
    await clock.advance(500)
    expect(told).toEqual(['all', 'lost', 'all', 'lost'])
    expect(bugs).toEqual([bug, bug])
  })
})
