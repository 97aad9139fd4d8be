import { Registry } from 'prom-client'
import { afterEach, beforeAll, beforeEach, expect, inject, it, vi } from 'vitest'

import { systemClock } from '#cli/system-clock.ts'
import { createLeaderElection } from '#controller/leadership.ts'
import { LeaseHolder } from '#controller/lease-holder.ts'
import { Replicas } from '#controller/replicas.ts'
import type { Leases } from '#store/leases.ts'
import { openClusterStores } from '#test/support/kubernetes-stores.ts'

import { applyDefinitions } from './kubectl.ts'

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }
const BASIS = { clock: systemClock, random: Math.random, logger: SILENT }

/** As the real ones, only quicker. */
const QUICK = { durationMs: 3_000, deadlineMs: 2_000, renewMs: 200, retryMs: 200 }

beforeAll(applyDefinitions)

let stores: Awaited<ReturnType<typeof openClusterStores>>
beforeEach(async () => {
  stores = await openClusterStores(inject('kubeconfig'))
})
afterEach(() => stores.close())

function aHolder(self: string, leases: Leases): LeaseHolder {
  return new LeaseHolder({ ...BASIS, leases, name: 'runtimeconfig-leader', self, times: QUICK })
}

async function until(isSo: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(isSo()).toBe(true), { timeout: 30_000, interval: 20 })
}

it('of five replicas one leads; when it is released, or only silent, another does, and never two', async () => {
  let most = 0
  const holders: LeaseHolder[] = []
  const watch = setInterval(() => {
    most = Math.max(most, holders.filter(({ isHeld }) => isHeld).length)
  }, 5)
  const silenced = new Set<string>()
  const names = ['a', 'b', 'c', 'd', 'e']
  const of = (self: string): Leases => {
    const { leases } = stores
    const unlessSilent = async <T>(request: () => Promise<T>): Promise<T> =>
      silenced.has(self) ? new Promise<T>(() => undefined) : request()
    return {
      get: (name) => unlessSilent(() => leases.get(name)),
      list: (selector) => unlessSilent(() => leases.list(selector)),
      create: (lease) => unlessSilent(() => leases.create(lease)),
      update: (lease) => unlessSilent(() => leases.update(lease)),
      delete: (lease) => unlessSilent(() => leases.delete(lease)),
    }
  }
  for (const name of names) holders.push(aHolder(name, of(name)))
  await Promise.all(holders.map((holder) => holder.start()))
  const leader = () => holders.findIndex(({ isHeld }) => isHeld)
  await until(() => leader() >= 0)
  const first = leader()
  await holders[first]?.stop()
  await until(() => leader() >= 0)
  const second = leader()
  silenced.add(names[second] ?? '')
  await until(() => leader() >= 0 && leader() !== second)
  clearInterval(watch)
  expect([most, new Set([first, second, leader()]).size]).toEqual([1, 3])
  expect((await stores.leases.get('runtimeconfig-leader'))?.transitions).toBe(2)
  silenced.clear()
  await Promise.all(holders.map((holder) => holder.stop()))
  expect((await stores.leases.get('runtimeconfig-leader'))?.holder).toBeNull()
})

it('replicas find each other by their Leases, and say when they go', async () => {
  const { leases } = stores
  const [a, b] = ['a', 'b'].map((replica) => {
    const peerUrl = `http://${replica}:8081`
    return new Replicas({ ...BASIS, leases, replica, peerUrl })
  })
  if (!a || !b) throw new Error('no replicas')
  await a.start()
  await b.start()
  expect([a.isHeld, b.isHeld, b.urlOf('a'), a.isAlive('b')]).toEqual([true, true, 'http://a:8081', true])
  // The doubt above made it look again.
  await until(() => a.urlOf('b') === 'http://b:8081')
  await b.stop()
  expect((await leases.get('runtimeconfig-replica-b'))?.holder).toBeNull()
  await until(() => !a.isAlive('b'))
  await a.stop()
})

it('a leader election writes a Lease with the times of Kubernetes’ own', async () => {
  const { leases } = stores
  const election = createLeaderElection({ ...BASIS, leases, replica: 'a', registry: new Registry() })
  await election.start()
  expect([election.isLeader, await leases.get('runtimeconfig-leader')]).toMatchObject([
    true,
    { holder: 'a', durationSeconds: 15, transitions: 0 },
  ])
  await election.stop()
})
