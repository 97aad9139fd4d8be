import { describe, expect, it } from 'vitest'

import { findCondition } from '#crds/conditions.ts'
import { answer, type FleetDevice } from '#test/support/fleet.ts'
import { normal } from '#test/support/operator.ts'
import { ReplicaSet } from '#test/support/replica-set.ts'

const DOCUMENT = '{"account":{"id":"ada"},"refresh":"r","last_refresh":"2026-01-01T00:00:01.000Z"}'
const NEWER = '{"account":{"id":"ada"},"refresh":"r","last_refresh":"2026-01-01T00:00:02.000Z"}'

async function pass(set: ReplicaSet, ms: number): Promise<void> {
  const settle = async () => {
    for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  await settle()
  await set.clock.advance(ms)
  await settle()
}

async function heldBy(set: ReplicaSet, device: FleetDevice): Promise<readonly unknown[]> {
  const status = await set.statusOf(device)
  return [findCondition(status?.conditions, 'Online')?.status, status?.gateway]
}

async function countsOf(set: ReplicaSet) {
  return (await set.store.config())?.status?.devices
}

describe('several replicas', () => {
  it('each deliver to the devices that they hold, and say which those are', async () => {
    const set = await ReplicaSet.forTest(['a', 'b', 'c'])
    await set.store.upload(DOCUMENT)
    const devices = ['a', 'b', 'c'].map((home) => set.addDevice(home, { deviceId: `device-${home}` }))
    await pass(set, 10_000)
    expect(devices.map((device) => device.files.get('codex'))).toEqual(Array(3).fill(normal(DOCUMENT)))
    expect(await Promise.all(devices.map((device) => heldBy(set, device)))).toEqual([
      ['True', 'a'],
      ['True', 'b'],
      ['True', 'c'],
    ])
    expect(await countsOf(set)).toEqual({ online: 3, inSync: 3, missing: 0, stale: 0, failed: 0 })
    expect(findCondition((await set.store.config())?.status?.conditions, 'CredentialShared')?.status).toBe(
      'True',
    )
  })

  it.each([true, false])(
    'follow a device that moves; its socket was seen to close: %s',
    async (isNoticed) => {
      const set = await ReplicaSet.forTest(['a', 'b'])
      await set.store.upload(DOCUMENT)
      const device = set.addDevice('a')
      await pass(set, 10_000)
      set.move(device, 'b', { isNoticed })
      await pass(set, 5_000)
      expect(await heldBy(set, device)).toEqual(['True', 'b'])
      await set.store.upload(NEWER, { updatePolicy: 'IfStale' })
      await pass(set, 120_000)
      expect([await heldBy(set, device), device.received.length, device.files.get('codex')]).toEqual([
        ['True', 'b'],
        2,
        normal(NEWER),
      ])
      const { operator } = set.get('a')
      expect(operator.fleet.get(device.key)).toBeUndefined()
    },
  )

  it('follow one that comes back to where it was, at once or later', async () => {
    const set = await ReplicaSet.forTest(['a', 'b'])
    await set.store.upload(DOCUMENT)
    const device = set.addDevice('a')
    await pass(set, 10_000)
    for (const wait of [0, 100, 1_000, 40_000, 200_000]) {
      set.move(device, 'b', { isNoticed: false })
      await pass(set, wait)
      set.move(device, 'a', { isNoticed: false })
      await pass(set, 200_000)
      expect([wait, await heldBy(set, device)]).toEqual([wait, ['True', 'a']])
    }
    expect(device.received).toHaveLength(1)
  })

  it.each([
    ['at once where our agent numbers its connections', true, 3_000],
    ['with its next heartbeat where an executor does not', false, 35_000],
  ])('settle claims that cross when a device moves on quickly: %s', async (...[, isOurAgent, withinMs]) => {
    const set = await ReplicaSet.forTest(['a', 'b', 'c'])
    const device = set.addDevice('a', { isOurAgent })
    await pass(set, 10_000)
    set.move(device, 'b', { isNoticed: false })
    // b writes down that it has the device when c has it already.
    await set.clock.advance(200)
    set.move(device, 'c', { isNoticed: false })
    await pass(set, withinMs)
    await set.store.upload(DOCUMENT)
    await pass(set, 2_000)
    expect([await heldBy(set, device), device.files.get('codex')]).toEqual([['True', 'c'], normal(DOCUMENT)])
  })

  it('write nothing while nothing changes, wherever the devices have been', async () => {
    const set = await ReplicaSet.forTest(['a', 'b', 'c'])
    await set.store.upload(DOCUMENT)
    const devices = Array.from({ length: 9 }, (_, index) =>
      set.addDevice(['a', 'b', 'c'][index % 3] ?? 'a', { deviceId: `device-${index}` }),
    )
    await pass(set, 10_000)
    for (const device of devices) set.move(device, 'b', { isNoticed: false })
    await pass(set, 300_000)
    const before = await set.version()
    await pass(set, 3_600_000)
    expect(await set.version()).toBe(before)
  })

  it('let the leader say that devices are offline whose replica was killed, once they had the time to come back', async () => {
    const set = await ReplicaSet.forTest(['a', 'b', 'c'])
    await set.store.upload(DOCUMENT)
    const [gone, back] = ['gone', 'back'].map((deviceId) => set.addDevice('b', { deviceId }))
    await pass(set, 10_000)
    set.kill('b')
    await pass(set, 5_000)
    if (back) set.connect(back, 'c')
    await pass(set, 120_000)
    if (!gone || !back) throw new Error('no devices')
    expect([await heldBy(set, gone), await heldBy(set, back)]).toEqual([
      ['True', 'b'],
      ['True', 'c'],
    ])
    await pass(set, 90_000)
    expect([await heldBy(set, gone), await heldBy(set, back)]).toEqual([
      ['False', undefined],
      ['True', 'c'],
    ])
    expect(await countsOf(set)).toMatchObject({ online: 1, inSync: 1 })
  })

  it('elect another leader, who sums up what the one before did not', async () => {
    const set = await ReplicaSet.forTest(['a', 'b'])
    await set.store.upload(DOCUMENT)
    const device = set.addDevice('b')
    await pass(set, 10_000)
    expect([set.leader?.name, await countsOf(set)]).toMatchObject(['a', { online: 1, inSync: 1 }])
    set.kill('a')
    set.disconnect(device)
    await pass(set, 10_000)
    expect([set.leader?.name, await countsOf(set)]).toMatchObject([undefined, { online: 1 }])
    await pass(set, 60_000)
    expect([set.leader?.name, await countsOf(set)]).toMatchObject(['b', { online: 0 }])
  })

  it('send nothing while their Lease cannot be renewed, and what was due when it can', async () => {
    const set = await ReplicaSet.forTest(['a'])
    const device = set.addDevice('a')
    await pass(set, 10_000)
    set.get('a').isCut = true
    await pass(set, 31_000)
    await set.store.upload(DOCUMENT)
    await pass(set, 60_000)
    expect(device.received).toEqual([])
    set.get('a').isCut = false
    await pass(set, 15_000)
    expect(device.files.get('codex')).toBe(normal(DOCUMENT))
  })

  it('carry out a sync that an annotation asks for, once and on every replica', async () => {
    const set = await ReplicaSet.forTest(['a', 'b'])
    await set.store.upload(DOCUMENT)
    const devices = ['a', 'b'].map((home) => set.addDevice(home, { deviceId: `device-${home}` }))
    for (const device of devices) device.respond = async () => answer('failed', { error: 'disk full' })
    // Until they were given up.
    await pass(set, 3_600_000)
    for (const device of devices) device.respond = null
    const config = await set.store.config()
    if (config === undefined) throw new Error('no configuration')
    const annotations = { 'agent.wecode.io/sync-requested-at': 'now' }
    const metadata = { ...config.metadata, annotations }
    await set.store.stores.store.update('UserRuntimeConfig', { ...config, metadata })
    await pass(set, 10_000)
    expect(devices.map((device) => device.files.get('codex'))).toEqual(Array(2).fill(normal(DOCUMENT)))
    expect((await set.store.config())?.status?.lastHandledSyncRequest).toBe('now')
    const received = devices.map((device) => device.received.length)
    await pass(set, 600_000)
    expect(devices.map((device) => device.received.length)).toEqual(received)
  })
})
