import { describe, expect, it } from 'vitest'

import { findCondition } from '#crds/conditions.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { FleetDevice } from '#test/support/fleet.ts'
import { ReplicaSimulation } from '#test/support/replica-simulation.ts'

// A longer search: SIMULATION_SEEDS=2000 SIMULATION_FROM=1001 npx vitest run test/controller/replica-simulation.test.ts
const FIRST = Number(process.env['SIMULATION_FROM'] ?? 1)
const COUNT = Number(process.env['SIMULATION_SEEDS'] ?? 25)
const SEEDS = Array.from({ length: COUNT }, (_, index) => FIRST + index)
const STEPS = 40

describe('a bad day of several replicas', () => {
  it.each(SEEDS)('harms no file and ends well: seed %i', async (seed) => {
    const simulation = await ReplicaSimulation.start(seed)
    try {
      await simulation.run(STEPS)
      await simulation.settle()
      expect(simulation.broken).toEqual([])
      expect(simulation.living.filter(({ election }) => election.isLeader)).toHaveLength(1)
      for (const device of simulation.devices) await checkDevice(simulation, device)
      for (const user of ['ada', 'bob']) await checkSummary(simulation, user)
      await checkQuiet(simulation)
    } catch (error) {
      console.log([`seed ${seed}, what happened last:`, ...simulation.log.slice(-60)].join('\n'))
      throw error
    } finally {
      await simulation.set.close()
    }
  })
})

/** What its status says is what its replica says, and that is what is so. */
async function checkDevice(simulation: ReplicaSimulation, device: FleetDevice): Promise<void> {
  const { set } = simulation
  const { deviceId, namespace } = device.key
  const home = set.homeOf(device)
  const { online, gateway, state } = readStatus(await set.statusOf(device))
  const explained = await home?.operator.explain(deviceId, 'codex', namespace)
  const where = `${namespace} ${deviceId}`
  expect([where, online, gateway, state]).toEqual([where, 'True', home?.name, explained?.state])
  const others = simulation.living.filter((replica) => replica !== home)
  expect(others.map(({ operator }) => operator.fleet.get(device.key)?.isOnline === true)).not.toContain(true)
  const stored = await storedText(set.store, namespace)
  expect([where, faultOf(device, state, stored)]).toEqual([where, null])
}

function readStatus(status: ObjectOf<'Device'>['status']) {
  return {
    online: findCondition(status?.conditions, 'Online')?.status,
    gateway: status?.gateway,
    state: status?.runtimes?.find(({ name }) => name === 'codex')?.state ?? 'NotManaged',
  }
}

/** What is not as the state says. */
function faultOf(device: FleetDevice, state: string, stored: string | null): string | null {
  const file = device.files.get('codex')
  if (state === 'NotManaged' || stored === null) return null
  if (file === undefined) return 'a file is missing'
  return state === 'InSync' && device.isOurAgent && file !== stored ? 'the file is another' : null
}

async function storedText(
  store: ReplicaSimulation['set']['store'],
  namespace: string,
): Promise<string | null> {
  const user = namespace === 'user-1' ? 'ada' : 'bob'
  const sealed = (await store.config({ user }))?.spec.auth?.encryptedValue
  return sealed === undefined ? null : (JSON.parse(sealed) as [unknown, string])[1]
}

async function checkSummary({ set, devices }: ReplicaSimulation, user: string): Promise<void> {
  const namespace = user === 'ada' ? 'user-1' : 'user-2'
  const config = await set.store.config({ user })
  if (config === undefined) return
  const rows = await Promise.all(
    devices.filter(({ key }) => key.namespace === namespace).map((device) => set.statusOf(device)),
  )
  const states = rows.map((status) => status?.runtimes?.find(({ name }) => name === 'codex')?.state)
  const count = (wanted: string) => states.filter((state) => state === wanted).length
  const counts = { online: 3, inSync: count('InSync'), missing: 0, stale: count('Stale'), failed: 0 }
  expect([user, config.status?.devices]).toEqual([user, counts])
}

/** When all is settled, time passes without a write. */
async function checkQuiet({ set }: ReplicaSimulation): Promise<void> {
  const before = await set.version()
  await set.clock.advance(10 * 60_000)
  expect(await set.version()).toBe(before)
}
