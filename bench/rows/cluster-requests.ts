import { setTimeout as sleep } from 'node:timers/promises'

import { countRequests, type RequestCounts, startLoadCluster } from '#bench/load/cluster.ts'
import { heartbeat, loadUser, openFleet } from '#bench/load/fleet.ts'
import type { RawDevice } from '#bench/load/raw-device.ts'
import type { PinnedServer } from '#bench/pinned.ts'
import type { Measured, Row, RunSetting } from '#bench/row.ts'
import { makeUsers } from '#test/cluster/torture/fleet.ts'
import type { ClusterInstallation } from '#test/cluster/torture/installation.ts'

const USERS = 10
const DEVICES = 1000
const HEARTBEAT_MS = 30_000
const SETTLE_MS = 10_000
const IDLE_MS = 120_000
const HOUR_MS = 3_600_000
const CHANGES = 20

/** What a replica asks of its API server: for a thousand devices that do nothing, and for one change. */
export const clusterRequests: Row = {
  name: 'cluster-requests',
  async run(setting: RunSetting): Promise<readonly Measured[]> {
    const cluster = await startLoadCluster('cluster-requests', setting)
    if (cluster === null) return []
    const server = await cluster.startReplica()
    setting.progress(`cluster-requests: ${DEVICES} devices do nothing for ${IDLE_MS / 1000} s`)
    const idle = await whileIdle(server)
    setting.progress(`cluster-requests: ${CHANGES} documents for one device`)
    const change = await forChanges(server, cluster.installation)
    await server.stop()
    await cluster.close()
    return [idle, change]
  },
}

async function whileIdle(server: PinnedServer): Promise<Measured> {
  const users = await Promise.all(
    Array.from({ length: USERS }, (_unused, at) => loadUser(server, `idle-${at}`)),
  )
  const tokenOf = (at: number): string => users[at % USERS]?.token ?? ''
  const devices = await openFleet(server.address, { count: DEVICES, prefix: 'idle', tokenOf })
  const beats = setInterval(() => beatAll(devices), HEARTBEAT_MS)
  beatAll(devices)
  const before = await quietCounts(server)
  await sleep(IDLE_MS)
  const after = await countRequests(server)
  clearInterval(beats)
  for (const device of devices) device.close()
  await quietCounts(server)
  const hours = IDLE_MS / HOUR_MS
  return {
    name: 'API server requests per idle device and hour, beyond Leases and watches',
    unit: 'requests',
    ours: (after.others - before.others) / DEVICES / hours,
    floor: null,
    floorName: null,
    // What a replica asks for by itself now and then, whatever is connected, is shared out among the devices here.
    target: { of: 'value', bound: 'atMost', limit: 0.1 },
    more: {
      devices: DEVICES,
      seconds: IDLE_MS / 1000,
      leaseRequestsPerHour: (after.leases - before.leases) / hours,
      watchesEnded: after.watches - before.watches,
    },
  }
}

/** What a thousand devices wrote when they came is no cost of doing nothing. */
async function quietCounts(server: PinnedServer): Promise<RequestCounts> {
  for (let before = await countRequests(server); ;) {
    await sleep(SETTLE_MS)
    const now = await countRequests(server)
    if (now.others === before.others) return now
    before = now
  }
}

function beatAll(devices: readonly RawDevice[]): void {
  devices.forEach((device, at) => device.tell('device:heartbeat', heartbeat(`idle-${at}`, true)))
}

/** Each change is a new document that replaces the one on a device, up to the proof and the last status. */
async function forChanges(
  server: PinnedServer,
  { direct, signingKey }: ClusterInstallation,
): Promise<Measured> {
  const endpoints = () => [{ replica: 'bench-0', address: server.address }]
  const [user] = await makeUsers(signingKey, { users: 1, devicesEach: 1, endpoints, random: Math.random })
  if (user === undefined) throw new Error('expected a user')
  const over = new AbortController()
  await user.upload()
  await user.replaceStale(direct)
  await user.toggle(true)
  for (const device of user.devices) void device.run(over.signal)
  const settled = async () => {
    while (user.outOfSync.length > 0) await sleep(10)
    // Statuses of the device and of the configuration are written in the seconds after.
    await sleep(3000)
  }
  await settled()
  const before = await countRequests(server)
  for (let change = 0; change < CHANGES; change += 1) {
    await user.upload()
    await settled()
  }
  const after = await countRequests(server)
  over.abort()
  return {
    name: 'API server requests per change: a document, stored, on one device, proven, told in statuses',
    unit: 'requests',
    ours: (after.others - before.others) / CHANGES,
    floor: null,
    floorName: null,
    target: { of: 'value', bound: 'atMost', limit: 12 },
    more: { changes: CHANGES },
  }
}
