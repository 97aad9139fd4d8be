import { describe, expect, it } from 'vitest'

import { SyncRecords } from '#controller/auth-sync/records.ts'
import { DeviceOwnership, RETURN_GRACE_MS } from '#controller/device/ownership.ts'
import type { DeviceReport } from '#core/device-report.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { CacheChange } from '#store/kind-cache.ts'
import { aReport } from '#test/support/auth-sync.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { aDeviceObject, aRecord } from '#test/support/sync-record.ts'

type Device = ObjectOf<'Device'>

const KEY = { namespace: 'user-7', deviceId: 'device-1' }
const CODEX = { ...KEY, runtime: 'codex' }

function heldBy(gateway: string | undefined, version: string, digest = 'a'.repeat(64)): Device {
  const device = aDeviceObject()
  return {
    ...device,
    metadata: { ...device.metadata, resourceVersion: version },
    status: { ...(gateway && { gateway }), runtimes: [{ name: 'codex', state: 'InSync', digest }] },
  }
}

interface Scene {
  object: Device | undefined
  report: DeviceReport | undefined
  readonly flying: Set<string>
  readonly alive: Set<string>
}

/** Replica `a`, what its memory shows, and what its sockets say. */
function aScene(first: Device) {
  const clock = new FakeClock()
  const scene: Scene = {
    object: first,
    report: aReport(),
    flying: new Set(),
    alive: new Set(['a', 'b']),
  }
  const released: string[] = []
  const runtimes = [{ metadata: { name: 'codex' } }]
  const cache = {
    get: (kind: string) => (kind === 'Device' ? scene.object : undefined),
    list: (kind: string) =>
      kind === 'Device' ? [scene.object].filter((one) => one !== undefined) : runtimes,
    onChange: () => () => undefined,
  } as unknown as ConstructorParameters<typeof DeviceOwnership>[0]['cache']
  const records = new SyncRecords(cache)
  const ownership = new DeviceOwnership({
    cache,
    clock,
    records,
    isInFlight: (_device, runtime) => scene.flying.has(runtime),
    gateway: 'a',
    leadership: { isLeader: true, onChange: () => () => undefined },
    replicas: {
      urlOf: () => undefined,
      isAlive: (name) => scene.alive.has(name),
      onChange: () => () => undefined,
    },
    reports: {
      get: () => scene.report,
      list: () => (scene.report ? [scene.report] : []),
      onChange: () => () => undefined,
      awaitHeartbeat: () => undefined,
      release: ({ deviceId }) => void released.push(deviceId),
    },
  })
  const show = (object: Device) => {
    const previous = scene.object
    scene.object = object
    const change: CacheChange<'Device'> = { type: 'MODIFIED', object, previous }
    return ownership.onObject(change)
  }
  const hear = () => {
    scene.report = aReport(undefined, { heartbeatCount: (scene.report?.heartbeatCount ?? 0) + 1 })
    return ownership.onReport({ device: KEY, kind: 'runtimes', runtimes: ['codex'] })
  }
  return { scene, clock, records, ownership, released, show, hear }
}

describe('a device that another replica takes', () => {
  it('is contested while our socket seems alive, offline for whoever sends, and ours with the next heartbeat', () => {
    const { ownership, show, hear } = aScene(heldBy('a', '1'))
    expect([ownership.standingOf(KEY), ownership.reports().get(KEY)?.isOnline]).toEqual(['ours', true])
    expect(show(heldBy('b', '2'))).toBe(true)
    expect([ownership.standingOf(KEY), ownership.reports().get(KEY)?.isOnline]).toEqual(['contested', false])
    expect(hear()).toBe(true)
    expect([ownership.standingOf(KEY), ownership.reports().get(KEY)?.isOnline]).toEqual(['ours', true])
    expect(
      ownership
        .reports()
        .list('user-7')
        .map(({ isOnline }) => isOnline),
    ).toEqual([true])
  })

  it('is known here from its status, but for what is on its way to it', () => {
    const { ownership, records, scene, show } = aScene(heldBy('a', '1'))
    const mine = aRecord({ targetPath: '/mine' })
    records.put(CODEX, mine)
    records.put({ ...KEY, runtime: 'claude' }, mine)
    scene.flying.add('claude')
    show(heldBy('b', '2', 'b'.repeat(64)))
    expect(records.get(CODEX)).toMatchObject({ targetPath: null, history: { knownSha256: 'b'.repeat(64) } })
    expect(records.get({ ...KEY, runtime: 'claude' })).toBe(mine)
    ownership.release(KEY)
    expect(records.get({ ...KEY, runtime: 'claude' })).not.toBe(mine)
  })

  it('is known from its status when it comes back too: the other may have done anything', () => {
    const { records, show, hear } = aScene(heldBy('a', '1'))
    show(heldBy('b', '2'))
    records.put(CODEX, aRecord({ targetPath: '/of-before' }))
    hear()
    expect(records.get(CODEX).targetPath).toBeNull()
  })

  it('is given up when our socket is gone', () => {
    const { ownership, scene, show, released } = aScene(heldBy('a', '1'))
    show(heldBy('b', '2'))
    scene.report = aReport(undefined, { isOnline: false })
    expect(ownership.standingOf(KEY)).toBe('theirs')
    ownership.release(KEY)
    expect(released).toEqual(['device-1'])
  })
})

describe('a device whose agent numbers its connections', () => {
  it.each([
    ['later', 8, 'ours'],
    ['earlier', 6, 'contested'],
  ] as const)('is known to be here when it connected here %s', (_when, fence, standing) => {
    const { ownership, scene, show } = aScene(heldBy('a', '1'))
    scene.report = aReport(undefined, { fence })
    const { status, ...device } = heldBy('b', '2')
    expect(show({ ...device, status: { ...status, gatewayFence: 7 } })).toBe(true)
    expect([ownership.standingOf(KEY), ownership.reports().get(KEY)?.isOnline]).toEqual([
      standing,
      standing === 'ours',
    ])
  })
})

describe('a device that somebody took for lost', () => {
  it('is said to be here again while it speaks to us, and only then', () => {
    const { ownership, scene, show } = aScene(heldBy('a', '1'))
    expect([show(heldBy(undefined, '2')), ownership.standingOf(KEY)]).toEqual([true, 'ours'])
    show(heldBy('a', '3'))
    scene.report = aReport(undefined, { isOnline: false })
    expect(show(heldBy(undefined, '4'))).toBe(false)
  })
})

describe('writing what another replica wrote', () => {
  it('is for who has seen it: what is newer than memory is waited for', () => {
    const { ownership } = aScene(heldBy('b', '2'))
    expect([
      ownership.mayWrite(KEY, heldBy('b', '2')),
      ownership.mayWrite(KEY, heldBy('b', '3')),
      ownership.mayWrite(KEY, heldBy('a', '3')),
      ownership.mayWrite(KEY, heldBy(undefined, '3')),
    ]).toEqual([true, false, true, true])
  })
})

describe('a device whose replica is gone', () => {
  it('is the leader’s to say lost, when it had the time to come back since', async () => {
    const { ownership, scene, clock } = aScene(heldBy('b', '2'))
    scene.report = undefined
    ownership.lookForGone()
    expect([ownership.standingOf(KEY), ownership.isLost(heldBy('b', '2'), 0)]).toEqual(['theirs', false])
    scene.alive.delete('b')
    await clock.advance(1_000_000)
    ownership.lookForGone()
    expect([ownership.standingOf(KEY), ownership.isLost(heldBy('b', '2'), 0)]).toEqual(['ours', false])
    await clock.advance(RETURN_GRACE_MS)
    expect(ownership.isLost(heldBy('b', '2'), 0)).toBe(true)
    scene.alive.add('b')
    ownership.lookForGone()
    expect(ownership.isLost(heldBy('b', '2'), 0)).toBe(false)
  })
})
