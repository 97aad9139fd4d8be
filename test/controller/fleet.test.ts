import { describe, expect, it } from 'vitest'

import { type AuthSync, type FleetDeps, overReplicas } from '#controller/fleet.ts'
import type { PeerSyncs } from '#controller/ports.ts'
import type { Explanation } from '#core/auth-sync-explanation.ts'
import type { SyncOutcome } from '#core/auth-sync-request.ts'
import { deviceNameOf } from '#core/device-name.ts'
import { AppError } from '#core/errors.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { aReport } from '#test/support/auth-sync.ts'

const NAMESPACE = 'user-7'

/** An installation of three replicas: `here`, `b` and `c` live, `gone` does not. */
interface Setup {
  /** Device id → the replica that its object names; `null`: none. */
  readonly devices: Readonly<Record<string, string | null>>
  /** Devices with a live socket on this replica. */
  readonly connected?: readonly string[]
  readonly own?: Partial<AuthSync>
  readonly peers?: Partial<PeerSyncs>
}

function aFleet({ devices, connected = [], own = {}, peers = {} }: Setup) {
  const asked: (readonly [replica: string, ...devices: string[]])[] = []
  const answer = (replica: string, deviceIds: readonly string[]) => {
    asked.push([replica, ...deviceIds])
    return deviceIds.map((deviceId) => written(deviceId, replica))
  }
  const objects = Object.entries(devices).map(([deviceId, gateway]) => aDevice(deviceId, gateway))
  const reports = connected.map((deviceId) => aReport(null, { deviceId }))
  const deps: FleetDeps = {
    own: {
      explain: async ({ deviceId }) => explained(deviceId, 'here'),
      requestSync: async ({ deviceIds = Object.keys(devices).sort() }) => answer('here', deviceIds),
      ...own,
    },
    peers: {
      explain: async (gateway, { deviceId }) => explained(deviceId, gateway),
      requestSync: async (gateway, { deviceIds }) => answer(gateway, deviceIds),
      ...peers,
    },
    cache: {
      get: (_kind, { name }) => objects.find(({ metadata }) => metadata.name === name) as never,
      list: () => objects as never,
    },
    reports: {
      get: ({ deviceId }) => reports.find((report) => report.deviceId === deviceId),
      list: () => reports,
    },
    gateway: 'here',
    replicas: { isAlive: (name) => name !== 'gone' },
  }
  return { authSync: overReplicas(deps), asked }
}

function aDevice(deviceId: string, gateway: string | null): ObjectOf<'Device'> {
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Device',
    metadata: { name: deviceNameOf(deviceId), namespace: NAMESPACE },
    spec: { deviceId, displayName: deviceId, deviceType: 'local' },
    status: gateway === null ? {} : { gateway },
  }
}

/** An outcome that tells who gave it. */
function written(deviceId: string, replica: string): SyncOutcome {
  return { deviceId, success: true, status: 'written', error: replica }
}

function explained(deviceId: string, replica: string): Explanation {
  return { deviceId, message: replica } as Explanation
}

const sync = (authSync: AuthSync, deviceIds?: readonly string[]) =>
  authSync.requestSync({ namespace: NAMESPACE, runtime: 'codex', ...(deviceIds && { deviceIds }) })

describe('a sync of all devices', () => {
  const devices = { d1: 'b', d2: 'here', d3: 'c', d4: 'gone', d5: null, d6: 'b' }

  it('is asked of each replica for its own, and answered by device id', async () => {
    const { authSync, asked } = aFleet({ devices })

    expect(await sync(authSync)).toEqual([
      written('d1', 'b'),
      written('d2', 'here'),
      written('d3', 'c'),
      written('d4', 'here'),
      written('d5', 'here'),
      written('d6', 'b'),
    ])
    expect(asked).toEqual([['here'], ['here', 'd2', 'd4', 'd5'], ['b', 'd1', 'd6'], ['c', 'd3']])
  })

  it('answers in the order that was asked for', async () => {
    const { authSync } = aFleet({ devices })
    const outcomes = await sync(authSync, ['d3', 'd2', 'd1'])

    expect(outcomes.map((outcome) => [outcome.deviceId, outcome.error])).toEqual([
      ['d3', 'c'],
      ['d2', 'here'],
      ['d1', 'b'],
    ])
  })

  it('asks nobody else for a device whose socket is here, whatever its object still says', async () => {
    const { authSync, asked } = aFleet({ devices: { d1: 'b' }, connected: ['d1'] })

    expect(await sync(authSync)).toEqual([written('d1', 'here')])
    expect(asked).toEqual([['here', 'd1']])
  })

  it.each([
    ['DEVICE_OFFLINE', 'offline'],
    ['DEVICE_TIMEOUT', 'timed_out'],
    ['AUTH_MISSING', 'failed'],
  ] as const)('fails for the devices of a replica alone that rejects with %s', async (code, status) => {
    const { authSync } = aFleet({
      devices: { d1: 'b', d2: 'here' },
      peers: { requestSync: () => Promise.reject(new AppError(code, 'the reason')) },
    })

    expect(await sync(authSync)).toEqual([
      { deviceId: 'd1', success: false, status, error: 'the reason' },
      written('d2', 'here'),
    ])
  })

  it('says so of a device about which its replica said nothing', async () => {
    const { authSync } = aFleet({ devices: { d1: 'b' }, peers: { requestSync: async () => [] } })

    expect(await sync(authSync)).toEqual([
      {
        deviceId: 'd1',
        success: false,
        status: 'failed',
        error: 'the replica that holds its connection said nothing about it',
      },
    ])
  })

  it('is refused here, before anybody else is asked, when no replica could do it', async () => {
    const { authSync, asked } = aFleet({
      devices: { d1: 'b' },
      own: { requestSync: () => Promise.reject(new AppError('AUTH_MISSING', 'auth_json is not configured')) },
    })

    await expect(sync(authSync)).rejects.toMatchObject({ code: 'AUTH_MISSING' })
    expect(asked).toEqual([])
  })

  it('is refused as a whole when one of the devices is unknown', async () => {
    const { authSync, asked } = aFleet({ devices: { d1: 'b' } })

    await expect(sync(authSync, ['d1', 'nobody'])).rejects.toMatchObject({ code: 'DEVICE_UNKNOWN' })
    expect(asked).toEqual([['here']])
  })
})

describe('an explanation', () => {
  it.each([
    ['the replica that holds the device', { devices: { d1: 'b' } }, 'b'],
    ['this one, when the socket is here', { devices: { d1: 'b' }, connected: ['d1'] }, 'here'],
    ['this one, when the object says so', { devices: { d1: 'here' } }, 'here'],
    ['this one, when the replica is gone', { devices: { d1: 'gone' } }, 'here'],
    ['this one, when nobody holds the device', { devices: { d1: null } }, 'here'],
  ])('comes from %s', async (_who, setup, replica) => {
    const { authSync } = aFleet(setup)

    expect(await authSync.explain({ namespace: NAMESPACE, deviceId: 'd1' }, 'codex')).toEqual(
      explained('d1', replica),
    )
  })

  it.each(['DEVICE_OFFLINE', 'DEVICE_UNKNOWN'] as const)(
    'comes from what is stored when the replica answers %s',
    async (code) => {
      const { authSync } = aFleet({
        devices: { d1: 'b' },
        peers: { explain: () => Promise.reject(new AppError(code, 'gone')) },
      })

      expect(await authSync.explain({ namespace: NAMESPACE, deviceId: 'd1' }, 'codex')).toEqual(
        explained('d1', 'here'),
      )
    },
  )

  it('rejects with what the replica rejects with otherwise', async () => {
    const refusal = new AppError('RUNTIME_UNSUPPORTED', 'Unsupported runtime: x')
    const { authSync } = aFleet({ devices: { d1: 'b' }, peers: { explain: () => Promise.reject(refusal) } })

    await expect(authSync.explain({ namespace: NAMESPACE, deviceId: 'd1' }, 'x')).rejects.toBe(refusal)
  })
})
