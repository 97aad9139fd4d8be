import { describe, expect, it } from 'vitest'

import type { ObjectOf } from '#crds/kinds.ts'
import { createCache } from '#store/cache.ts'
import type { ListOptions } from '#store/store.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { seededRandom } from '#test/support/random.ts'
import { aDeviceStatus, aStoredDevice } from '#test/support/store-objects.ts'
import { until } from '#test/support/until.ts'

import { Bench, type OpenSubject } from './subject.ts'

type Device = ObjectOf<'Device'>

const NAMES = ['a', 'a-1', 'b', 'c', 'd', 'e']
const STEPS = 120
const SEEDS = [1, 2, 3, 4, 5]
const HOLD = 'example.com/hold'

/** A client that does whatever comes to its mind, and knows what should have come of it. */
class Client {
  readonly #bench: Bench
  readonly #random: () => number
  /** What is there, by `namespace/name`. */
  readonly objects = new Map<string, Device>()

  constructor(bench: Bench, random: () => number) {
    this.#bench = bench
    this.#random = random
  }

  async step(): Promise<void> {
    const namespace = this.#pick(this.#bench.subject.namespaces)
    const name = this.#pick(NAMES)
    const place = `${namespace}/${name}`
    const current = this.objects.get(place)
    if (current === undefined) return this.#create(namespace, name)
    const { store } = this.#bench
    const act = this.#pick(['spec', 'spec', 'labels', 'status', 'release', 'delete'] as const)
    if (act === 'delete') {
      const answer = await store.delete('Device', { namespace, name })
      if ((current.metadata.finalizers ?? []).length > 0) this.objects.set(place, answer)
      else this.objects.delete(place)
      return
    }
    if (act === 'status') {
      const status = aDeviceStatus(this.#pick(['replica-0', 'replica-1']))
      this.objects.set(place, await store.updateStatus('Device', { ...current, status }))
      return
    }
    const next = this.#changed(current, act)
    const answer = await store.update('Device', next)
    const isLast = current.metadata.deletionTimestamp !== undefined && act === 'release'
    if (isLast) this.objects.delete(place)
    else this.objects.set(place, answer)
  }

  async #create(namespace: string, name: string): Promise<void> {
    const finalizers = this.#random() < 0.3 ? [HOLD] : []
    const team = this.#pick(['blue', 'red'])
    const device = aStoredDevice({ namespace, name, finalizers, labels: { team } })
    this.objects.set(`${namespace}/${name}`, await this.#bench.store.create('Device', device))
  }

  #changed(current: Device, act: 'spec' | 'labels' | 'release'): Device {
    const { metadata, spec } = current
    if (act === 'release') return { ...current, metadata: { ...metadata, finalizers: [] } }
    if (act === 'spec') return { ...current, spec: { ...spec, displayName: `Mac ${this.#random()}` } }
    return { ...current, metadata: { ...metadata, labels: { team: this.#pick(['blue', 'red']) } } }
  }

  #pick<T>(choices: readonly T[]): T {
    const choice = choices[Math.floor(this.#random() * choices.length)]
    if (choice === undefined) throw new Error('nothing to choose from')
    return choice
  }

  /** What a list should show. */
  expected(isSelected: (device: Device) => boolean = () => true): readonly Device[] {
    const inOrder = [...this.objects].sort(([a], [b]) => (a < b ? -1 : 1))
    return inOrder.map(([, device]) => device).filter(isSelected)
  }
}

/** Holds a store to itself: whatever happens, lists, pages, watches and caches tell the same story. */
export function describeModel(open: OpenSubject): void {
  describe.each(SEEDS)('whatever a client does (seed %d)', (seed) => {
    const bench = new Bench(open)
    const isMine = ({ metadata }: Device) => bench.subject.namespaces.includes(metadata.namespace ?? '')
    const list = async (options: ListOptions = {}) =>
      (await bench.store.list('Device', options)).items.filter(isMine)

    it('lists show what was answered', async () => {
      const client = new Client(bench, seededRandom(seed))
      for (let round = 0; round < STEPS / 10; round += 1) {
        for (let step = 0; step < 10; step += 1) await client.step()
        expect(await list()).toEqual(client.expected())
      }
      const isBlue = ({ metadata }: Device) => metadata.labels?.['team'] === 'blue'
      expect(await list({ labelSelector: 'team=blue' })).toEqual(client.expected(isBlue))
      const isFirst = ({ status }: Device) => status?.gateway === 'replica-0'
      expect(await list({ fieldSelector: 'status.gateway=replica-0' })).toEqual(client.expected(isFirst))
    })

    it('pages show one moment, whatever happens between them', async () => {
      const random = seededRandom(seed)
      const client = new Client(bench, random)
      for (let step = 0; step < 20; step += 1) await client.step()
      for (let round = 0; round < 10; round += 1) {
        const expected = client.expected()
        const seen: Device[] = []
        let next: string | undefined
        do {
          const limit = 1 + Math.floor(random() * 3)
          const page = await bench.store.list('Device', { limit, ...(next && { continue: next }) })
          seen.push(...page.items.filter(isMine))
          next = page.metadata.continue
          await client.step()
          await client.step()
        } while (next !== undefined)
        expect(seen).toEqual(expected)
      }
    })

    it.each([{}, { labelSelector: 'team=blue' }, { fieldSelector: 'status.gateway=replica-0' }])(
      'a watch from any version leads to what a list shows: %o',
      async (selection) => {
        const client = new Client(bench, seededRandom(seed))
        for (let step = 0; step < 20; step += 1) await client.step()
        const start = await bench.store.list('Device', selection)
        const state = new Map(start.items.map((device) => [placeOf(device), device]))
        const { resourceVersion } = start.metadata
        for (let step = 0; step < STEPS; step += 1) await client.step()
        // The last change is one that every one of these watches sees.
        const labels = { team: 'blue' }
        const name = 'the-end'
        const end = await bench.store.create('Device', aStoredDevice({ namespace: bench.mine, name, labels }))
        await bench.store.updateStatus('Device', { ...end, status: aDeviceStatus('replica-0') })
        const watch = bench.watch('Device', { ...selection, resourceVersion })
        for (;;) {
          const { type, object } = await watch.next()
          const place = placeOf(object)
          // Each event fits what came before it.
          expect([place, type === 'ADDED']).toEqual([place, !state.has(place)])
          if (type === 'DELETED') state.delete(place)
          else state.set(place, object)
          if (object.metadata.name === name && object.status !== undefined) break
        }
        const reached = [...state].filter(([, device]) => isMine(device)).sort(([a], [b]) => (a < b ? -1 : 1))
        expect(reached.map(([, device]) => device)).toEqual(await list(selection))
      },
    )

    it('a cache comes to show what a list shows', async () => {
      const client = new Client(bench, seededRandom(seed))
      const stop = new AbortController()
      const cache = createCache({ store: bench.store, kinds: ['Device'], clock: new FakeClock() })
      await cache.start(stop.signal)
      for (let step = 0; step < STEPS; step += 1) await client.step()
      const last = await bench.store.create(
        'Device',
        aStoredDevice({ namespace: bench.mine, name: 'the-end' }),
      )
      await until(() => cache.get('Device', last.metadata) !== undefined)
      const shown = cache.list('Device').filter(isMine)
      expect(shown.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))).toEqual(await list())
      stop.abort()
    })
  })
}

function placeOf({ metadata }: Device): string {
  return `${metadata.namespace}/${metadata.name}`
}
