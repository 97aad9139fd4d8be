import { describe, expect, it } from 'vitest'

import { aStoredDevice, aStoredRuntime } from '#test/support/store-objects.ts'

import { Bench, names, type OpenSubject } from './subject.ts'

export function describeReading(open: OpenSubject): void {
  describe('get', () => {
    const bench = new Bench(open)

    it('gives what create answered', async () => {
      const created = await bench.store.create('Device', aStoredDevice({ namespace: bench.mine }))
      expect(await bench.store.get('Device', { namespace: bench.mine, name: 'mac-1' })).toEqual(created)
    })

    it('gives the caller an object of its own', async () => {
      await bench.store.create('Device', aStoredDevice({ namespace: bench.mine }))
      const key = { namespace: bench.mine, name: 'mac-1' }
      const mine = await bench.store.get('Device', key)
      Object.assign(mine.spec, { displayName: 'changed in memory' })
      expect((await bench.store.get('Device', key)).spec.displayName).toBe('Mac')
    })

    it('knows nothing of a name that nobody made', async () => {
      const got = bench.store.get('Device', { namespace: bench.mine, name: 'nothing' })
      await expect(got).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it("does not find another user's object of the same name", async () => {
      await bench.store.create('Device', aStoredDevice({ namespace: bench.theirs }))
      const got = bench.store.get('Device', { namespace: bench.mine, name: 'mac-1' })
      await expect(got).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('does not find an object of another kind', async () => {
      await bench.store.create('Device', aStoredDevice({ namespace: bench.mine, name: 'codex' }))
      const got = bench.store.get('UserRuntimeConfig', { namespace: bench.mine, name: 'codex' })
      await expect(got).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('finds nothing in a namespace of nobody', async () => {
      const got = bench.store.get('Device', { namespace: bench.subject.nobody, name: 'mac-1' })
      await expect(got).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('finds a cluster-scoped object by its name alone', async () => {
      const name = bench.unique('gemini')
      const created = await bench.store.create('Runtime', aStoredRuntime({ name }))
      expect(await bench.store.get('Runtime', { name })).toEqual(created)
      expect(created.metadata.namespace).toBeUndefined()
    })

    it('can be asked whether it would work', async () => {
      await expect(bench.store.ping()).resolves.toBeUndefined()
    })

    it('keeps what was stored over a restart', async () => {
      const created = await bench.store.create('Device', aStoredDevice({ namespace: bench.mine }))
      await bench.subject.reopen()
      expect(await bench.store.get('Device', { namespace: bench.mine, name: 'mac-1' })).toEqual(created)
    })
  })

  describe('list', () => {
    const bench = new Bench(open)
    const make = async (...made: readonly string[]) => {
      for (const name of made)
        await bench.store.create('Device', aStoredDevice({ namespace: bench.mine, name }))
    }

    it('is empty, with a version, where nothing is', async () => {
      const { items, metadata } = await bench.store.list('Device', { namespace: bench.mine })
      expect(items).toEqual([])
      expect(metadata).toEqual({ resourceVersion: expect.stringMatching(/./) })
    })

    it('is empty in a namespace of nobody', async () => {
      const { items } = await bench.store.list('Device', { namespace: bench.subject.nobody })
      expect(items).toEqual([])
    })

    it('is ordered by name', async () => {
      await make('b', 'a-1', 'a.1', 'a', 'c', 'a0')
      const { items } = await bench.store.list('Device', { namespace: bench.mine })
      expect(names(items)).toEqual(['a', 'a-1', 'a.1', 'a0', 'b', 'c'])
    })

    it('is ordered by namespace first', async () => {
      const labels = { case: bench.unique('c') }
      for (const namespace of bench.subject.namespaces) {
        for (const name of ['b', 'a'])
          await bench.store.create('Device', aStoredDevice({ namespace, name, labels }))
      }
      const { items } = await bench.store.list('Device', { labelSelector: `case=${labels.case}` })
      const places = items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      expect(places).toEqual(bench.subject.namespaces.flatMap((name) => [`${name}/a`, `${name}/b`]).sort())
    })

    it('shows the same objects as get', async () => {
      await make('a')
      const { items } = await bench.store.list('Device', { namespace: bench.mine })
      expect(items).toEqual([await bench.store.get('Device', { namespace: bench.mine, name: 'a' })])
    })

    it("shows nothing of another user's namespace", async () => {
      await make('a')
      const { items } = await bench.store.list('Device', { namespace: bench.theirs })
      expect(items).toEqual([])
    })

    it('has a newer version after each change', async () => {
      const before = await bench.version()
      await make('a')
      expect(Number(await bench.version())).toBeGreaterThan(Number(before))
    })
  })
  describePages(open)
}

function describePages(open: OpenSubject): void {
  describe('pages of a list', () => {
    const bench = new Bench(open)
    const make = async (...made: readonly string[]) => {
      for (const name of made)
        await bench.store.create('Device', aStoredDevice({ namespace: bench.mine, name }))
    }
    const page = (limit: number, next?: string) =>
      bench.store.list('Device', {
        namespace: bench.mine,
        limit,
        ...(next === undefined ? {} : { continue: next }),
      })
    const allPages = async (limit: number, between: () => Promise<void>) => {
      const first = await page(limit)
      const pages = [first]
      await between()
      for (let next = first.metadata.continue; next !== undefined; next = pages.at(-1)?.metadata.continue) {
        pages.push(await page(limit, next))
      }
      return pages
    }

    it('give everything once, in order', async () => {
      await make('a', 'b', 'c', 'd', 'e')
      const pages = await allPages(2, async () => undefined)
      expect(pages.map(({ items }) => names(items))).toEqual([['a', 'b'], ['c', 'd'], ['e']])
    })

    it('have no continue token when everything fits', async () => {
      await make('a', 'b')
      expect((await page(2)).metadata.continue).toBeUndefined()
      expect((await page(0)).metadata.continue).toBeUndefined()
    })

    it('say how many are left', async () => {
      await make('a', 'b', 'c', 'd', 'e')
      expect((await page(2)).metadata.remainingItemCount).toBe(3)
    })

    it('all show the version of the first', async () => {
      await make('a', 'b', 'c')
      const pages = await allPages(1, () => make('d'))
      const versions = new Set(pages.map(({ metadata }) => metadata.resourceVersion))
      expect(versions.size).toBe(1)
    })

    it('do not show what was made since the first', async () => {
      await make('b', 'd')
      const pages = await allPages(1, () => make('a', 'c', 'e'))
      expect(pages.flatMap(({ items }) => names(items))).toEqual(['b', 'd'])
    })

    it('still show what was deleted since the first', async () => {
      await make('a', 'b', 'c', 'd')
      const before = (await page(0)).items
      const pages = await allPages(1, async () => {
        await bench.store.delete('Device', { namespace: bench.mine, name: 'b' })
        await bench.store.delete('Device', { namespace: bench.mine, name: 'd' })
      })
      expect(pages.flatMap(({ items }) => items)).toEqual(before)
    })

    it('show what was changed since the first as it was', async () => {
      await make('a', 'b', 'c')
      const before = (await page(0)).items
      const pages = await allPages(1, async () => {
        for (const displayName of ['once', 'twice']) {
          const device = aStoredDevice({ namespace: bench.mine, name: 'b' }, { displayName })
          await bench.store.update('Device', device)
        }
      })
      expect(pages.flatMap(({ items }) => items)).toEqual(before)
    })

    it('count selected objects only', async () => {
      for (const name of ['a', 'b', 'c', 'd', 'e']) {
        const labels = { odd: String('ace'.includes(name)) }
        await bench.store.create('Device', aStoredDevice({ namespace: bench.mine, name, labels }))
      }
      const options = { namespace: bench.mine, labelSelector: 'odd=true', limit: 2 }
      const first = await bench.store.list('Device', options)
      const next = first.metadata.continue ?? ''
      const second = await bench.store.list('Device', { ...options, continue: next })
      expect([first, second].map(({ items }) => names(items))).toEqual([['a', 'c'], ['e']])
    })

    it('expire with the history', async () => {
      await make('a', 'b', 'c')
      const first = await page(1)
      await make('d')
      await bench.subject.compact()
      const second = page(1, first.metadata.continue)
      await expect(second).rejects.toMatchObject({ code: 'EXPIRED' })
    })

    it.each(['nonsense', 'eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ===', 'W10'])(
      'refuse the made-up continue token "%s"',
      async (token) => {
        await make('a', 'b')
        await expect(page(1, token)).rejects.toMatchObject({ code: 'REQUEST_MALFORMED' })
      },
    )

    it('refuse a negative size', async () => {
      await expect(page(-1)).rejects.toMatchObject({ code: 'REQUEST_MALFORMED' })
    })

    it('go on over a restart', async () => {
      await make('a', 'b')
      const first = await page(1)
      await bench.subject.reopen()
      expect(names((await page(1, first.metadata.continue)).items)).toEqual(['b'])
    })
  })
}
