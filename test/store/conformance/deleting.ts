import { describe, expect, it } from 'vitest'

import type { ObjectMeta } from '#crds/object.ts'
import { aDeviceStatus, aStoredDevice, aStoredRuntime } from '#test/support/store-objects.ts'

import { Bench, type OpenSubject } from './subject.ts'

const HOLD = 'example.com/hold'

export function describeDeleting(open: OpenSubject): void {
  describe('delete', () => {
    const bench = new Bench(open)
    const key = () => ({ namespace: bench.mine, name: 'mac-1' })
    const made = (metadata: Partial<ObjectMeta> = {}) =>
      bench.store.create('Device', aStoredDevice({ namespace: bench.mine, ...metadata }))

    it('removes the object and answers with it as it was', async () => {
      const device = await made()
      expect(await bench.store.delete('Device', key())).toMatchObject({
        metadata: { name: 'mac-1', uid: device.metadata.uid },
        spec: device.spec,
      })
      await expect(bench.store.get('Device', key())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('knows nothing of a name that nobody made', async () => {
      await expect(bench.store.delete('Device', key())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('finds nothing the second time', async () => {
      await made()
      await bench.store.delete('Device', key())
      await expect(bench.store.delete('Device', key())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it("does not reach another user's object of the same name", async () => {
      const device = await made()
      const deleted = bench.store.delete('Device', { namespace: bench.theirs, name: 'mac-1' })
      await expect(deleted).rejects.toMatchObject({ code: 'NOT_FOUND' })
      expect(await bench.store.get('Device', key())).toEqual(device)
    })

    it('removes a cluster-scoped object', async () => {
      const name = bench.unique('gemini')
      await bench.store.create('Runtime', aStoredRuntime({ name }))
      await bench.store.delete('Runtime', { name })
      await expect(bench.store.get('Runtime', { name })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it.each(['uid', 'resourceVersion'] as const)('does nothing when the %s is another', async (field) => {
      const device = await made()
      const other = field === 'uid' ? '00000000-0000-0000-0000-000000000000' : '1'
      const deleted = bench.store.delete('Device', key(), { preconditions: { [field]: other } })
      await expect(deleted).rejects.toMatchObject({ code: 'CONFLICT' })
      expect(await bench.store.get('Device', key())).toEqual(device)
    })

    it.each(['uid', 'resourceVersion'] as const)('deletes when the %s is the one given', async (field) => {
      const { metadata } = await made()
      await bench.store.delete('Device', key(), { preconditions: { [field]: metadata[field] ?? '' } })
      await expect(bench.store.get('Device', key())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('asks for both when both are given', async () => {
      const { metadata } = await made()
      const { uid = '', resourceVersion = '' } = metadata
      const stale = bench.store.delete('Device', key(), { preconditions: { uid, resourceVersion: '1' } })
      await expect(stale).rejects.toMatchObject({ code: 'CONFLICT' })
      await bench.store.delete('Device', key(), { preconditions: { uid, resourceVersion } })
      await expect(bench.store.get('Device', key())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('takes the status along', async () => {
      const device = await made()
      const online = await bench.store.updateStatus('Device', { ...device, status: aDeviceStatus() })
      const deleted = await bench.store.delete('Device', key())
      expect(deleted).toEqual(online)
      const again = await made()
      expect(again).not.toHaveProperty('status')
    })

    it('lets one of many at once have deleted it', async () => {
      await made()
      const results = await Promise.allSettled(
        Array.from({ length: 5 }, () => bench.store.delete('Device', key())),
      )
      const refused = results.filter((result) => result.status === 'rejected')
      expect(refused.map(({ reason }) => reason.code)).toEqual(Array.from({ length: 4 }, () => 'NOT_FOUND'))
    })

    it('stays deleted over a restart', async () => {
      await made()
      await bench.store.delete('Device', key())
      await bench.subject.reopen()
      await expect(bench.store.get('Device', key())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })
  })
  describeFinalizers(open)
}

function describeFinalizers(open: OpenSubject): void {
  describe('finalizers', () => {
    const bench = new Bench(open)
    const key = () => ({ namespace: bench.mine, name: 'mac-1' })
    const deleting = async (finalizers: readonly string[] = [HOLD]) => {
      await bench.store.create('Device', aStoredDevice({ namespace: bench.mine, finalizers }))
      return bench.store.delete('Device', key())
    }
    const read = () => bench.store.get('Device', key())

    it('hold the object, which then shows its deletion time', async () => {
      const answer = await deleting()
      expect(answer.metadata.deletionTimestamp).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/)
      expect(await read()).toEqual(answer)
    })

    it('make the deletion count in generation', async () => {
      expect((await deleting()).metadata.generation).toBe(2)
    })

    it('let a second delete change nothing', async () => {
      const first = await deleting()
      expect(await bench.store.delete('Device', key())).toEqual(first)
      expect(await read()).toEqual(first)
    })

    it('let the object go with the last of them', async () => {
      const { metadata, ...rest } = await deleting()
      await bench.store.update('Device', { ...rest, metadata: { ...metadata, finalizers: [] } })
      await expect(read()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('keep the object while one is left', async () => {
      const { metadata, ...rest } = await deleting([HOLD, 'example.com/other'])
      const updated = await bench.store.update('Device', {
        ...rest,
        metadata: { ...metadata, finalizers: [HOLD] },
      })
      expect(updated.metadata.finalizers).toEqual([HOLD])
      expect(await read()).toEqual(updated)
    })

    it('cannot be added once the object is being deleted', async () => {
      const { metadata, ...rest } = await deleting()
      const more = { ...rest, metadata: { ...metadata, finalizers: [HOLD, 'example.com/late'] } }
      await expect(bench.store.update('Device', more)).rejects.toMatchObject({ code: 'INVALID' })
    })

    it('can be removed without the object being deleted', async () => {
      const finalizers = [HOLD]
      await bench.store.create('Device', aStoredDevice({ namespace: bench.mine, finalizers }))
      await bench.store.update('Device', aStoredDevice({ namespace: bench.mine }))
      expect((await read()).metadata.finalizers).toBeUndefined()
    })

    it('do not keep an update from working', async () => {
      const device = await deleting()
      const spec = { ...device.spec, displayName: 'New' }
      const updated = await bench.store.update('Device', { ...device, spec })
      expect(updated.spec.displayName).toBe('New')
      expect(updated.metadata.generation).toBe(3)
    })

    it('do not let an update take the deletion time away', async () => {
      const { metadata, ...rest } = await deleting()
      const { deletionTimestamp, ...without } = metadata
      const updated = await bench.store.update('Device', { ...rest, metadata: without })
      expect(updated.metadata.deletionTimestamp).toBe(deletionTimestamp)
    })

    it('do not let a status update remove the object', async () => {
      const device = await deleting()
      const emptied = { ...device, metadata: { ...device.metadata, finalizers: [] }, status: aDeviceStatus() }
      await bench.store.updateStatus('Device', emptied)
      expect((await read()).metadata.finalizers).toEqual([HOLD])
    })

    it('keep the name taken', async () => {
      await deleting()
      const again = bench.store.create('Device', aStoredDevice({ namespace: bench.mine }))
      await expect(again).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    })
  })
}
