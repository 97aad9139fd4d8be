import { describe, expect, it } from 'vitest'

import {
  aDeviceStatus,
  aStoredConfig,
  aStoredDevice,
  aStoredRuntime,
  unchecked,
} from '#test/support/store-objects.ts'

import { Bench, type OpenSubject } from './subject.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
// Whole seconds, as in all metadata of Kubernetes.
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/

export function describeCreating(open: OpenSubject): void {
  describe('create', () => {
    const bench = new Bench(open)
    const create = (...parts: Parameters<typeof aStoredDevice>) =>
      bench.store.create('Device', aStoredDevice({ namespace: bench.mine, ...parts[0] }, parts[1]))

    it('sets uid, creation time, generation and version', async () => {
      const { metadata } = await create()
      expect(metadata).toEqual({
        name: 'mac-1',
        namespace: bench.mine,
        uid: expect.stringMatching(UUID),
        creationTimestamp: expect.stringMatching(TIME),
        generation: 1,
        resourceVersion: expect.stringMatching(/./),
      })
    })

    it('keeps labels, annotations, finalizers and owners', async () => {
      const given = {
        labels: { 'example.com/team': 'blue', plain: '' },
        annotations: { 'agent.wecode.io/note': 'any text: {"a": 1}' },
        finalizers: ['example.com/hold'],
        ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: 'some-uid' }],
      }
      expect((await create(given)).metadata).toMatchObject(given)
    })

    it.each([
      ['uid', { uid: '00000000-0000-0000-0000-000000000000' }],
      ['generation', { generation: 7 }],
      ['creationTimestamp', { creationTimestamp: '2001-01-01T00:00:00Z' }],
      ['deletionTimestamp', { deletionTimestamp: '2001-01-01T00:00:00Z' }],
      ['resourceVersion', { resourceVersion: '1' }],
    ])('decides %s itself', async (field, given) => {
      expect((await create(given)).metadata).not.toMatchObject(given)
      expect(field in given).toBe(true)
    })

    it('drops a status', async () => {
      const device = { ...aStoredDevice({ namespace: bench.mine }), status: aDeviceStatus() }
      const created = await bench.store.create('Device', device)
      expect(created).not.toHaveProperty('status')
    })

    it('drops fields that the kind does not know', async () => {
      const device = { ...aStoredDevice({ namespace: bench.mine }), extra: 1 }
      const created = await bench.store.create(
        'Device',
        unchecked<'Device'>({ ...device, spec: { ...device.spec, extra: { deep: true } } }),
      )
      expect(created).toEqual({ ...aStoredDevice(), metadata: created.metadata })
    })

    it('refuses a name that is taken', async () => {
      await create()
      await expect(create()).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    })

    it('takes the same name in two namespaces', async () => {
      await create()
      const other = await create({ namespace: bench.theirs })
      expect(other.metadata.namespace).toBe(bench.theirs)
    })

    it('takes the same name in two kinds', async () => {
      await create({ name: 'codex' })
      const config = await bench.store.create('UserRuntimeConfig', aStoredConfig({ namespace: bench.mine }))
      expect(config.metadata.name).toBe('codex')
    })

    it('gives a name that was deleted another uid', async () => {
      const first = await create()
      await bench.store.delete('Device', { namespace: bench.mine, name: 'mac-1' })
      expect((await create()).metadata.uid).not.toBe(first.metadata.uid)
    })

    it('refuses a namespace of nobody', async () => {
      await expect(create({ namespace: bench.subject.nobody })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('ignores the namespace of a cluster-scoped object', async () => {
      const name = bench.unique('gemini')
      const created = await bench.store.create('Runtime', aStoredRuntime({ name, namespace: bench.mine }))
      expect(created.metadata.namespace).toBeUndefined()
      await bench.store.delete('Runtime', { name })
    })

    it('stores nothing that it refused', async () => {
      await expect(create({}, { deviceId: '' })).rejects.toMatchObject({ code: 'INVALID' })
      expect((await bench.store.list('Device', { namespace: bench.mine })).items).toEqual([])
    })

    it('lets one of many at once have the name', async () => {
      const results = await Promise.allSettled(Array.from({ length: 10 }, () => create()))
      const refused = results.filter((result) => result.status === 'rejected')
      expect(refused.map(({ reason }) => reason.code)).toEqual(
        Array.from({ length: 9 }, () => 'ALREADY_EXISTS'),
      )
    })
  })
  describeValidation(open)
}

function describeValidation(open: OpenSubject): void {
  describe('validation', () => {
    const bench = new Bench(open)

    it.each([
      ['an upper-case name', { metadata: { name: 'Mac' } }, 'metadata.name'],
      ['a name with an underscore', { metadata: { name: 'mac_1' } }, 'metadata.name'],
      ['a name that is too long', { metadata: { name: 'a'.repeat(254) } }, 'metadata.name'],
      [
        'a label key with a blank',
        { metadata: { name: 'mac-1', labels: { 'a b': 'x' } } },
        'metadata.labels',
      ],
      [
        'a label value that is too long',
        { metadata: { name: 'mac-1', labels: { a: 'x'.repeat(64) } } },
        'metadata.labels',
      ],
      [
        'annotations that are too large',
        { metadata: { name: 'mac-1', annotations: { a: 'x'.repeat(300_000) } } },
        'metadata.annotations',
      ],
      ['a missing field', { spec: { deviceId: 'mac-1', displayName: 'Mac' } }, 'spec.deviceType'],
      [
        'a value that is not listed',
        { spec: { deviceId: 'mac-1', displayName: 'Mac', deviceType: 'toaster' } },
        'spec.deviceType',
      ],
      [
        'a text that is too long',
        { spec: { deviceId: 'mac-1', displayName: 'x'.repeat(101), deviceType: 'local' } },
        'spec.displayName',
      ],
      [
        'a wrong type',
        { spec: { deviceId: 'mac-1', displayName: 7, deviceType: 'local' } },
        'spec.displayName',
      ],
      [
        'a broken rule of the kind',
        { spec: { deviceId: 'other', displayName: 'Mac', deviceType: 'local' } },
        'spec.deviceId',
      ],
    ])('refuses %s and names the path', async (_what, parts, path) => {
      const device = aStoredDevice({ namespace: bench.mine })
      const metadata = { ...device.metadata, ...('metadata' in parts ? parts.metadata : {}) }
      const created = bench.store.create('Device', unchecked<'Device'>({ ...device, ...parts, metadata }))
      await expect(created).rejects.toMatchObject({ code: 'INVALID', message: expect.stringContaining(path) })
    })

    it('never repeats the value that was wrong', async () => {
      const canary = 'canary-value-9f2'
      const device = aStoredDevice({ namespace: bench.mine }, { displayName: canary.repeat(20) })
      const refused = await bench.store.create('Device', device).catch((error: unknown) => error)
      expect(String(refused)).not.toContain(canary)
    })

    it.each([
      ['another kind', { kind: 'Runtime' }],
      ['another version', { apiVersion: 'agent.wecode.io/v2' }],
    ])('refuses an object of %s', async (_what, parts) => {
      const device = { ...aStoredDevice({ namespace: bench.mine }), ...parts }
      const created = bench.store.create('Device', unchecked<'Device'>(device))
      await expect(created).rejects.toMatchObject({ code: 'REQUEST_MALFORMED' })
    })

    it('checks an update as it checks a create', async () => {
      const device = await bench.store.create('Device', aStoredDevice({ namespace: bench.mine }))
      const longer = { ...device, spec: { ...device.spec, displayName: 'x'.repeat(101) } }
      await expect(bench.store.update('Device', longer)).rejects.toMatchObject({ code: 'INVALID' })
    })

    it('checks a change against what it changes', async () => {
      const config = await bench.store.create('UserRuntimeConfig', aStoredConfig({ namespace: bench.mine }))
      const other = { ...config, spec: { ...config.spec, runtime: 'claude' } }
      await expect(bench.store.update('UserRuntimeConfig', other)).rejects.toMatchObject({ code: 'INVALID' })
    })

    it('checks a status', async () => {
      const device = await bench.store.create('Device', aStoredDevice({ namespace: bench.mine }))
      const status = { runtimes: [{ name: 'codex', state: 'Confused' }] }
      const updated = bench.store.updateStatus('Device', unchecked<'Device'>({ ...device, status }))
      await expect(updated).rejects.toMatchObject({ code: 'INVALID' })
    })
  })
}
