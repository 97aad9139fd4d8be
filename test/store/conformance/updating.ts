import { describe, expect, it } from 'vitest'

import type { ObjectOf } from '#crds/kinds.ts'
import { aDeviceStatus, aStoredDevice, unchecked } from '#test/support/store-objects.ts'

import { Bench, type OpenSubject } from './subject.ts'

type Device = ObjectOf<'Device'>

function withStatus(device: Device, status: Device['status']): Device {
  const { status: _, ...rest } = device
  return status === undefined ? rest : { ...rest, status }
}

export function describeUpdating(open: OpenSubject): void {
  describe('update', () => {
    const bench = new Bench(open)
    const made = () => bench.store.create('Device', aStoredDevice({ namespace: bench.mine }))
    const renamed = (device: Device, displayName: string): Device => ({
      ...device,
      spec: { ...device.spec, displayName },
    })
    const read = () => bench.store.get('Device', { namespace: bench.mine, name: 'mac-1' })

    it('replaces the spec and answers what get gives', async () => {
      const updated = await bench.store.update('Device', renamed(await made(), 'New'))
      expect(updated.spec.displayName).toBe('New')
      expect(await read()).toEqual(updated)
    })

    it('gives a new version', async () => {
      const device = await made()
      const updated = await bench.store.update('Device', renamed(device, 'New'))
      expect(updated.metadata.resourceVersion).not.toBe(device.metadata.resourceVersion)
    })

    it('keeps the version when nothing changes', async () => {
      const device = await made()
      expect(await bench.store.update('Device', device)).toEqual(device)
      expect(await bench.store.update('Device', aStoredDevice({ namespace: bench.mine }))).toEqual(device)
    })

    it('counts a change of the spec in generation', async () => {
      const updated = await bench.store.update('Device', renamed(await made(), 'New'))
      expect(updated.metadata.generation).toBe(2)
    })

    it.each([
      ['labels', { labels: { team: 'blue' } }],
      ['annotations', { annotations: { note: 'hello' } }],
      ['finalizers', { finalizers: ['example.com/hold'] }],
    ])('changes %s without counting it', async (_what, metadata) => {
      const device = await made()
      const updated = await bench.store.update('Device', {
        ...device,
        metadata: { ...device.metadata, ...metadata },
      })
      expect(updated.metadata).toMatchObject({ ...metadata, generation: 1 })
      expect(updated.metadata.resourceVersion).not.toBe(device.metadata.resourceVersion)
    })

    it('takes empty labels, annotations and finalizers for none', async () => {
      const device = await made()
      const empty = { labels: {}, annotations: {}, finalizers: [], ownerReferences: [] }
      const updated = await bench.store.update('Device', {
        ...device,
        metadata: { ...device.metadata, ...empty },
      })
      expect(updated).toEqual(device)
    })

    it('removes what is no longer said', async () => {
      const labels = { team: 'blue' }
      await bench.store.create('Device', aStoredDevice({ namespace: bench.mine, labels }, { suspend: true }))
      const updated = await bench.store.update('Device', aStoredDevice({ namespace: bench.mine }))
      expect(updated.metadata.labels).toBeUndefined()
      expect(updated.spec).toEqual(aStoredDevice().spec)
    })

    it('keeps the status, whatever the caller says of it', async () => {
      const device = await made()
      const withStatus = await bench.store.updateStatus('Device', { ...device, status: aDeviceStatus() })
      const changed = { ...renamed(withStatus, 'New'), status: { gateway: 'elsewhere' } }
      expect((await bench.store.update('Device', changed)).status).toEqual(aDeviceStatus())
    })

    it('keeps uid, creation time and generation, whatever the caller says of them', async () => {
      const device = await made()
      const { uid, creationTimestamp } = device.metadata
      const { resourceVersion, ...metadata } = device.metadata
      const updated = await bench.store.update('Device', {
        ...renamed(device, `New since ${resourceVersion}`),
        metadata: { ...metadata, generation: 99 },
      })
      expect(updated.metadata).toMatchObject({ uid, creationTimestamp, generation: 2 })
    })

    it('refuses a version that is not the current one', async () => {
      const device = await made()
      await bench.store.update('Device', renamed(device, 'New'))
      const stale = bench.store.update('Device', renamed(device, 'Newer'))
      await expect(stale).rejects.toMatchObject({ code: 'CONFLICT' })
      expect((await read()).spec.displayName).toBe('New')
    })

    it('refuses a stale version even if nothing would change', async () => {
      const device = await made()
      const updated = await bench.store.update('Device', renamed(device, 'New'))
      const { resourceVersion } = device.metadata
      const stale = { ...updated, metadata: { ...updated.metadata, resourceVersion: resourceVersion ?? '' } }
      await expect(bench.store.update('Device', stale)).rejects.toMatchObject({ code: 'CONFLICT' })
    })

    it('takes any version as given when there is none', async () => {
      const device = await made()
      await bench.store.update('Device', renamed(device, 'New'))
      const blind = aStoredDevice({ namespace: bench.mine }, { displayName: 'Blind' })
      expect((await bench.store.update('Device', blind)).spec.displayName).toBe('Blind')
    })

    it('refuses the uid of another object', async () => {
      const device = await made()
      const { resourceVersion: _, ...metadata } = device.metadata
      const other = { ...device, metadata: { ...metadata, uid: '00000000-0000-0000-0000-000000000000' } }
      await expect(bench.store.update('Device', other)).rejects.toMatchObject({ code: 'CONFLICT' })
    })

    it.each([undefined, '', 'Mac 1', 7])('finds nothing that is called %o', async (name) => {
      await made()
      const device = aStoredDevice({ namespace: bench.mine })
      const nameless = unchecked<'Device'>({ ...device, metadata: { ...device.metadata, name } })
      await expect(bench.store.update('Device', nameless)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(bench.store.updateStatus('Device', nameless)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('says that nothing is there, or that it changed, before what is wrong', async () => {
      const wrong = (device: Device) =>
        unchecked<'Device'>({ ...renamed(device, 'x'.repeat(101)), status: 7 })
      const device = await made()
      const stale = { ...device, metadata: { ...device.metadata, resourceVersion: '1' } }
      const absent = aStoredDevice({ namespace: bench.mine, name: 'absent' })
      for (const act of ['update', 'updateStatus'] as const) {
        const write = (object: Device) => bench.store[act]('Device', wrong(object))
        await expect(write(absent)).rejects.toMatchObject({ code: 'NOT_FOUND' })
        await expect(write(stale)).rejects.toMatchObject({ code: 'CONFLICT' })
        await expect(write(device)).rejects.toMatchObject({ code: 'INVALID' })
      }
    })

    it('creates nothing', async () => {
      const updated = bench.store.update('Device', aStoredDevice({ namespace: bench.mine }))
      await expect(updated).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it("does not reach another user's object of the same name", async () => {
      const device = await made()
      const elsewhere = renamed({ ...device, metadata: { name: 'mac-1', namespace: bench.theirs } }, 'Stolen')
      await expect(bench.store.update('Device', elsewhere)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      expect(await read()).toEqual(device)
    })

    it('lets one of many writers of the same version through', async () => {
      const device = await made()
      const writes = Array.from({ length: 10 }, (_, at) =>
        bench.store.update('Device', renamed(device, `w${at}`)),
      )
      const results = await Promise.allSettled(writes)
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })

    it('cannot set a deletion time', async () => {
      const device = await made()
      const { resourceVersion: _, ...metadata } = device.metadata
      const deletionTimestamp = '2026-01-01T00:00:00Z'
      const outcome = await bench.store
        .update('Device', { ...renamed(device, 'New'), metadata: { ...metadata, deletionTimestamp } })
        .catch(() => undefined)
      expect(outcome?.metadata.deletionTimestamp).toBeUndefined()
      expect((await read()).metadata.deletionTimestamp).toBeUndefined()
    })
  })
  describeStatus(open)
}

function describeStatus(open: OpenSubject): void {
  describe('updateStatus', () => {
    const bench = new Bench(open)
    const made = () => bench.store.create('Device', aStoredDevice({ namespace: bench.mine }))

    it('replaces the status and nothing else', async () => {
      const device = await made()
      const updated = await bench.store.updateStatus('Device', { ...device, status: aDeviceStatus() })
      const { resourceVersion } = updated.metadata
      expect(updated).toEqual({
        ...device,
        metadata: { ...device.metadata, resourceVersion },
        status: aDeviceStatus(),
      })
      expect(resourceVersion).not.toBe(device.metadata.resourceVersion)
    })

    it('ignores changes of spec and labels', async () => {
      const device = await made()
      const changed = {
        ...device,
        metadata: { ...device.metadata, labels: { team: 'blue' } },
        spec: { ...device.spec, displayName: 'New' },
        status: aDeviceStatus(),
      }
      const updated = await bench.store.updateStatus('Device', changed)
      expect(updated.spec).toEqual(device.spec)
      expect(updated.metadata.labels).toBeUndefined()
    })

    it('never counts in generation', async () => {
      const device = await made()
      const updated = await bench.store.updateStatus('Device', { ...device, status: aDeviceStatus() })
      expect(updated.metadata.generation).toBe(1)
    })

    it('keeps the version when nothing changes', async () => {
      const first = await bench.store.updateStatus('Device', { ...(await made()), status: aDeviceStatus() })
      expect(await bench.store.updateStatus('Device', first)).toEqual(first)
    })

    it('removes fields that are no longer said', async () => {
      const first = await bench.store.updateStatus('Device', { ...(await made()), status: aDeviceStatus() })
      const second = await bench.store.updateStatus('Device', { ...first, status: { gateway: 'replica-1' } })
      expect(second.status).toEqual({ gateway: 'replica-1' })
    })

    it.each([{}, undefined, { runtimes: [] }])('takes %o for no status', async (status) => {
      const device = await made()
      expect(await bench.store.updateStatus('Device', withStatus(device, status))).toEqual(device)
      const online = await bench.store.updateStatus('Device', withStatus(device, aDeviceStatus()))
      const emptied = await bench.store.updateStatus('Device', withStatus(online, status))
      expect(emptied).not.toHaveProperty('status')
      expect(emptied.metadata.resourceVersion).not.toBe(online.metadata.resourceVersion)
    })

    it('keeps the order of a list, whatever it was', async () => {
      const row = (name: string) => ({ name, state: 'Missing' as const })
      const device = await made()
      const first = { runtimes: ['a', 'b', 'c'].map(row) }
      const second = { runtimes: ['c', 'd', 'a'].map(row) }
      const stored = await bench.store.updateStatus('Device', withStatus(device, first))
      expect((await bench.store.updateStatus('Device', withStatus(stored, second))).status).toEqual(second)
    })

    it('keeps an empty list that has to be there', async () => {
      const config = { layers: [] }
      const status = { runtimes: [{ name: 'codex', state: 'Missing' as const, config }] }
      const updated = await bench.store.updateStatus('Device', withStatus(await made(), status))
      expect(updated.status).toEqual(status)
    })

    it('refuses the uid of another object', async () => {
      const { metadata, ...rest } = await made()
      const uid = '00000000-0000-0000-0000-000000000000'
      const { resourceVersion: _, ...without } = metadata
      const other = { ...rest, metadata: { ...without, uid }, status: aDeviceStatus() }
      await expect(bench.store.updateStatus('Device', other)).rejects.toMatchObject({ code: 'CONFLICT' })
    })

    it('refuses a version that is not the current one', async () => {
      const device = await made()
      await bench.store.updateStatus('Device', { ...device, status: aDeviceStatus() })
      const stale = bench.store.updateStatus('Device', { ...device, status: aDeviceStatus('replica-1') })
      await expect(stale).rejects.toMatchObject({ code: 'CONFLICT' })
    })

    it('takes any version as given when there is none', async () => {
      await made()
      const blind = { ...aStoredDevice({ namespace: bench.mine }), status: aDeviceStatus() }
      expect((await bench.store.updateStatus('Device', blind)).status).toEqual(aDeviceStatus())
    })

    it('creates nothing', async () => {
      const absent = { ...aStoredDevice({ namespace: bench.mine }), status: aDeviceStatus() }
      const updated = bench.store.updateStatus('Device', absent)
      await expect(updated).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })
  })
}
