import { describe, expect, it } from 'vitest'

import { aDeviceStatus, aStoredConfig, aStoredDevice, aStoredRuntime } from '#test/support/store-objects.ts'

import { Bench, type OpenSubject } from './subject.ts'

export function describeWatching(open: OpenSubject): void {
  describe('watch', () => {
    const bench = new Bench(open)
    const create = (name: string, labels: Readonly<Record<string, string>> = {}) =>
      bench.store.create('Device', aStoredDevice({ namespace: bench.mine, name, labels }))
    const rename = (name: string, displayName: string) =>
      bench.store.update('Device', aStoredDevice({ namespace: bench.mine, name }, { displayName }))
    const remove = (name: string) => bench.store.delete('Device', { namespace: bench.mine, name })
    const watchFrom = (resourceVersion: string) =>
      bench.watch('Device', { namespace: bench.mine, resourceVersion })

    it('misses nothing after the list it starts from', async () => {
      await create('a')
      const watch = watchFrom(await bench.version())
      await create('b')
      await rename('a', 'New')
      await remove('b')
      expect(await watch.take(3)).toEqual(['ADDED b', 'MODIFIED a', 'DELETED b'])
    })

    it('shows changes that were made before it began, but after its version', async () => {
      const version = await bench.version()
      await create('a')
      await remove('a')
      await create('a')
      expect(await watchFrom(version).take(3)).toEqual(['ADDED a', 'DELETED a', 'ADDED a'])
    })

    it('shows nothing from before its version', async () => {
      await create('a')
      const watch = watchFrom(await bench.version())
      await create('b')
      expect(await watch.take(1)).toEqual(['ADDED b'])
    })

    it('shows each state in between', async () => {
      const version = await bench.version()
      await create('a')
      for (const text of ['one', 'two', 'three']) await rename('a', text)
      const watch = watchFrom(version)
      const seen = [await watch.next(), await watch.next(), await watch.next(), await watch.next()]
      expect(seen.map(({ object }) => object.spec.displayName)).toEqual(['Mac', 'one', 'two', 'three'])
    })

    it('shows objects as create and update answered them', async () => {
      const watch = watchFrom(await bench.version())
      const created = await create('a')
      const updated = await rename('a', 'New')
      expect([await watch.next(), await watch.next()]).toEqual([
        { type: 'ADDED', object: created },
        { type: 'MODIFIED', object: updated },
      ])
    })

    it('shows a deleted object as it was, at the version of the deletion', async () => {
      const created = await create('a')
      const watch = watchFrom(await bench.version())
      await remove('a')
      const { type, object } = await watch.next()
      expect(type).toBe('DELETED')
      expect(object.spec).toEqual(created.spec)
      expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(
        Number(created.metadata.resourceVersion),
      )
    })

    it('shows versions in order', async () => {
      const watch = watchFrom(await bench.version())
      await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => create(name)))
      const versions: number[] = []
      for (let count = 0; count < 5; count += 1) {
        versions.push(Number((await watch.next()).object.metadata.resourceVersion))
      }
      expect(versions).toEqual(versions.toSorted((a, b) => a - b))
    })

    it('begins with the current objects when it has no version', async () => {
      await create('a')
      await create('b')
      const watch = bench.watch('Device', { namespace: bench.mine })
      expect((await watch.take(2)).toSorted()).toEqual(['ADDED a', 'ADDED b'])
      await remove('a')
      expect(await watch.take(1)).toEqual(['DELETED a'])
    })

    it('resumes from the version of any event', async () => {
      const first = watchFrom(await bench.version())
      await create('a')
      await create('b')
      const { object } = await first.next()
      await first.stop()
      const second = watchFrom(object.metadata.resourceVersion ?? '')
      expect(await second.take(1)).toEqual(['ADDED b'])
    })

    it('resumes over a restart', async () => {
      const version = await bench.version()
      await create('a')
      await rename('a', 'New')
      await bench.subject.reopen()
      expect(await watchFrom(version).take(2)).toEqual(['ADDED a', 'MODIFIED a'])
    })

    it('expires when its version is no longer in the history', async () => {
      const version = await bench.version()
      await create('a')
      await create('b')
      await bench.subject.compact()
      await expect(watchFrom(version).next()).rejects.toMatchObject({ code: 'EXPIRED' })
    })

    it('goes on after a fresh list when it expired', async () => {
      await create('a')
      await bench.subject.compact()
      const watch = watchFrom(await bench.version())
      await create('b')
      expect(await watch.take(1)).toEqual(['ADDED b'])
    })

    it('refuses a version that is none', async () => {
      await expect(watchFrom('yesterday').next()).rejects.toMatchObject({ code: 'REQUEST_MALFORMED' })
    })

    it('ends without an error when it is told to', async () => {
      const watch = watchFrom(await bench.version())
      expect(await watch.stop()).toBe(true)
    })

    it('says nothing of an update that changed nothing', async () => {
      const device = await create('a')
      const watch = watchFrom(await bench.version())
      await bench.store.update('Device', device)
      await create('b')
      expect(await watch.take(1)).toEqual(['ADDED b'])
    })

    it('says nothing of what was refused', async () => {
      await create('a')
      const watch = watchFrom(await bench.version())
      await expect(create('a')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
      await rename('a', 'New')
      expect(await watch.take(1)).toEqual(['MODIFIED a'])
    })

    it('shows a change of the status', async () => {
      const device = await create('a')
      const watch = watchFrom(await bench.version())
      await bench.store.updateStatus('Device', { ...device, status: aDeviceStatus() })
      expect((await watch.next()).object.status).toEqual(aDeviceStatus())
    })

    it('shows a held deletion as a change and then as a deletion', async () => {
      const finalizers = ['example.com/hold']
      await bench.store.create('Device', aStoredDevice({ namespace: bench.mine, name: 'a', finalizers }))
      const watch = watchFrom(await bench.version())
      await remove('a')
      await bench.store.update('Device', aStoredDevice({ namespace: bench.mine, name: 'a' }))
      expect(await watch.take(2)).toEqual(['MODIFIED a', 'DELETED a'])
    })
  })
  describeNarrowWatches(open)
}

function describeNarrowWatches(open: OpenSubject): void {
  describe('a watch with a selection', () => {
    const bench = new Bench(open)
    const device = (name: string, labels: Readonly<Record<string, string>>) =>
      aStoredDevice({ namespace: bench.mine, name, labels })

    it("shows nothing of another user's namespace", async () => {
      const resourceVersion = await bench.version()
      await bench.store.create('Device', aStoredDevice({ namespace: bench.theirs, name: 'theirs' }))
      await bench.store.create('Device', device('mine', {}))
      const watch = bench.watch('Device', { namespace: bench.mine, resourceVersion })
      expect(await watch.take(1)).toEqual(['ADDED mine'])
    })

    it('shows all namespaces when none is named', async () => {
      const resourceVersion = await bench.version()
      const labels = { case: bench.unique('c') }
      await bench.store.create('Device', aStoredDevice({ namespace: bench.theirs, name: 'theirs', labels }))
      await bench.store.create('Device', device('mine', labels))
      const watch = bench.watch('Device', { resourceVersion, labelSelector: `case=${labels.case}` })
      expect(await watch.take(2)).toEqual(['ADDED theirs', 'ADDED mine'])
    })

    it('shows no other kind', async () => {
      const resourceVersion = await bench.version()
      await bench.store.create('UserRuntimeConfig', aStoredConfig({ namespace: bench.mine }))
      await bench.store.create('Device', device('a', {}))
      const watch = bench.watch('Device', { namespace: bench.mine, resourceVersion })
      expect(await watch.take(1)).toEqual(['ADDED a'])
    })

    it('shows an object that begins to match as added, one that stops as deleted', async () => {
      await bench.store.create('Device', device('a', { team: 'red' }))
      const selection = { namespace: bench.mine, labelSelector: 'team=blue' }
      const watch = bench.watch('Device', { ...selection, resourceVersion: await bench.version() })
      await bench.store.update('Device', device('a', { team: 'blue' }))
      await bench.store.update('Device', device('a', { team: 'blue', more: '1' }))
      await bench.store.update('Device', device('a', { team: 'red' }))
      await bench.store.update('Device', device('a', { team: 'blue' }))
      expect(await watch.take(4)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED a'])
    })

    it('shows an object that stops matching as it matched last, at the new version', async () => {
      await bench.store.create('Device', device('a', { team: 'blue' }))
      const selection = { namespace: bench.mine, labelSelector: 'team=blue' }
      const watch = bench.watch('Device', { ...selection, resourceVersion: await bench.version() })
      const updated = await bench.store.update('Device', device('a', { team: 'red' }))
      const { object } = await watch.next()
      expect(object.metadata.labels).toEqual({ team: 'blue' })
      expect(object.metadata.resourceVersion).toBe(updated.metadata.resourceVersion)
    })

    it('says nothing of an object that never matched', async () => {
      const selection = { namespace: bench.mine, labelSelector: 'team=blue' }
      const watch = bench.watch('Device', { ...selection, resourceVersion: await bench.version() })
      await bench.store.create('Device', device('a', { team: 'red' }))
      await bench.store.delete('Device', { namespace: bench.mine, name: 'a' })
      await bench.store.create('Device', device('b', { team: 'blue' }))
      expect(await watch.take(1)).toEqual(['ADDED b'])
    })

    it('begins with the matching objects when it has no version', async () => {
      await bench.store.create('Device', device('a', { team: 'red' }))
      await bench.store.create('Device', device('b', { team: 'blue' }))
      const watch = bench.watch('Device', { namespace: bench.mine, labelSelector: 'team=blue' })
      expect(await watch.take(1)).toEqual(['ADDED b'])
    })

    it('can follow one object by its name', async () => {
      const resourceVersion = await bench.version()
      await bench.store.create('Device', device('a', {}))
      await bench.store.create('Device', device('b', {}))
      const fieldSelector = 'metadata.name=b'
      const watch = bench.watch('Device', { namespace: bench.mine, fieldSelector, resourceVersion })
      expect(await watch.take(1)).toEqual(['ADDED b'])
    })

    it('follows a field of the status', async () => {
      const made = await bench.store.create('Device', device('a', {}))
      const fieldSelector = 'status.gateway=replica-0'
      const resourceVersion = await bench.version()
      const watch = bench.watch('Device', { namespace: bench.mine, fieldSelector, resourceVersion })
      const online = await bench.store.updateStatus('Device', { ...made, status: aDeviceStatus() })
      await bench.store.updateStatus('Device', { ...online, status: {} })
      expect(await watch.take(2)).toEqual(['ADDED a', 'DELETED a'])
    })

    it('works for cluster-scoped objects', async () => {
      const name = bench.unique('gemini')
      const resourceVersion = await bench.version('Runtime')
      await bench.store.create('Runtime', aStoredRuntime({ name }))
      await bench.store.delete('Runtime', { name })
      const watch = bench.watch('Runtime', { fieldSelector: `metadata.name=${name}`, resourceVersion })
      expect(await watch.take(2)).toEqual([`ADDED ${name}`, `DELETED ${name}`])
    })

    it.each([{ labelSelector: 'a b' }, { fieldSelector: 'spec.unknown=1' }])(
      'refuses what is no selector: %o',
      async (selection) => {
        const watch = bench.watch('Device', { namespace: bench.mine, ...selection })
        await expect(watch.next()).rejects.toMatchObject({ code: 'REQUEST_MALFORMED' })
      },
    )
  })
}
