import { afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest'

import type { Lease } from '#store/leases.ts'
import { openClusterStores } from '#test/support/kubernetes-stores.ts'

import { applyDefinitions, kubectl } from './kubectl.ts'

beforeAll(applyDefinitions)

let stores: Awaited<ReturnType<typeof openClusterStores>>
beforeEach(async () => {
  stores = await openClusterStores(inject('kubeconfig'))
})
afterEach(() => stores.close())

function aLease(overrides: Partial<Lease> = {}): Lease {
  return {
    name: 'runtimeconfig-leader',
    holder: 'replica-1',
    durationSeconds: 15,
    acquiredAt: Date.parse('2026-11-21T10:00:00.123Z'),
    renewedAt: Date.parse('2026-11-21T10:00:02.456Z'),
    transitions: 3,
    annotations: { 'agent.wecode.io/peer-url': 'http://10.0.0.7:8081' },
    labels: { 'agent.wecode.io/kind': 'replica' },
    ...overrides,
  }
}

it('a Lease is read as it was written', async () => {
  const made = await stores.leases.create(aLease())
  expect(made).toEqual({ ...aLease(), resourceVersion: made.resourceVersion })
  expect(await stores.leases.get(made.name)).toEqual(made)
  expect(await stores.leases.get('nobody-has-it')).toBeUndefined()
  await expect(stores.leases.create(aLease())).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
})

it('a Lease can be nobody’s, and taken again', async () => {
  const made = await stores.leases.create(aLease())
  const released = await stores.leases.update({ ...made, holder: null })
  expect(released).toEqual({ ...made, holder: null, resourceVersion: released.resourceVersion })
  const taken = await stores.leases.update({ ...released, holder: 'replica-2', transitions: 4 })
  expect(taken).toMatchObject({ holder: 'replica-2', transitions: 4 })
})

it('of twenty who take one Lease at once one wins', async () => {
  const made = await stores.leases.create(aLease({ holder: null }))
  const takers = Array.from({ length: 20 }, (_, at) => `replica-${at}`)
  const taken = await Promise.allSettled(takers.map((holder) => stores.leases.update({ ...made, holder })))
  const lost = taken.filter((one) => one.status === 'rejected').map(({ reason }) => reason.code)
  expect(lost).toEqual(Array.from({ length: 19 }, () => 'CONFLICT'))
})

it('a Lease that is gone is not made by an update, and deleting it again does nothing', async () => {
  const made = await stores.leases.create(aLease())
  await stores.leases.delete(made)
  await expect(stores.leases.update(made)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await stores.leases.delete(made)
  expect(await stores.leases.list('agent.wecode.io/kind=replica')).toEqual([])
})

it('a Lease that somebody renewed meanwhile is not deleted', async () => {
  const made = await stores.leases.create(aLease())
  const renewed = await stores.leases.update({ ...made, renewedAt: made.renewedAt + 1000 })
  await expect(stores.leases.delete(made)).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(await stores.leases.get(made.name)).toEqual(renewed)
})

it('a Lease is never written without the version that was read', async () => {
  const { resourceVersion: _, ...unread } = await stores.leases.create(aLease())
  await expect(stores.leases.update(unread)).rejects.toMatchObject({ code: 'CONFLICT' })
  await expect(stores.leases.delete(unread)).rejects.toMatchObject({ code: 'CONFLICT' })
})

it('those with a label are listed, also ones that others made', async () => {
  const made = await stores.leases.create(aLease())
  await stores.leases.create(aLease({ name: 'other', labels: {} }))
  const manifest = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'bare', labels: { 'agent.wecode.io/kind': 'replica' } },
    spec: {},
  }
  await kubectl(['create', `--namespace=${stores.namespace}`, '-f', '-'], JSON.stringify(manifest))
  const listed = await stores.leases.list('agent.wecode.io/kind=replica')
  const bare = {
    holder: null,
    durationSeconds: 0,
    acquiredAt: 0,
    renewedAt: 0,
    transitions: 0,
    annotations: {},
  }
  const { name, labels } = manifest.metadata
  expect(listed).toEqual([{ name, labels, ...bare, resourceVersion: listed[0]?.resourceVersion }, made])
})
