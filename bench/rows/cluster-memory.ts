import { setTimeout as sleep } from 'node:timers/promises'

import { startLoadCluster } from '#bench/load/cluster.ts'
import type { PinnedServer } from '#bench/pinned.ts'
import type { Measured, Row, RunSetting } from '#bench/row.ts'
import { API_VERSION, GROUP, VERSION } from '#crds/group.ts'
import type { Direct } from '#test/cluster/torture/direct.ts'

const RESOURCES = 10_000
const NAMESPACES = 100
const AT_ONCE = 32
const SETTLE_MS = 5000
const MIB = 2 ** 20
// What a login of a few KiB is when it is sealed.
const SEALED = 'A'.repeat(4096)

/** Resident memory of a replica in a cluster with ten thousand resources: half configurations with a login, half devices. */
export const clusterMemory: Row = {
  name: 'cluster-memory',
  async run(setting: RunSetting): Promise<readonly Measured[]> {
    const cluster = await startLoadCluster('cluster-memory', setting)
    if (cluster === null) return []
    const empty = await settledBytes(await cluster.startReplica())
    setting.progress(`cluster-memory: making ${RESOURCES} resources`)
    await makeResources(cluster.installation.direct)
    const full = await settledBytes(await cluster.startReplica())
    await cluster.close()
    return [
      {
        name: 'memory of a replica with 10 000 resources',
        unit: 'MiB',
        ours: full / MIB,
        floor: null,
        floorName: null,
        target: { of: 'value', bound: 'atMost', limit: 256 },
        more: {
          resources: RESOURCES,
          emptyMiB: empty / MIB,
          kibPerResource: (full - empty) / RESOURCES / 1024,
        },
      },
    ]
  },
}

async function settledBytes(server: PinnedServer): Promise<number> {
  await sleep(SETTLE_MS)
  const { rssBytes } = await server.settledUsage()
  await server.stop()
  return rssBytes
}

async function makeResources(direct: Direct): Promise<void> {
  for (let at = 0; at < NAMESPACES; at += 1) {
    const name = `user-many-${at}`
    const labels = { 'agent.wecode.io/user': `many-${at}` }
    await direct.call('POST', '/api/v1/namespaces', { metadata: { name, labels } })
    const user = { metadata: { name: `many-${at}` }, spec: { subject: `many-${at}`, namespace: name } }
    await make(direct, '', { plural: 'users', kind: 'User', ...user })
  }
  let made = 0
  const work = async (): Promise<void> => {
    for (let at = made++; at < RESOURCES; at = made++) await makeOne(direct, at)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

async function makeOne(direct: Direct, at: number): Promise<void> {
  const name = `many-${at}`
  const namespace = `user-many-${at % NAMESPACES}`
  if (at % 2 === 0) {
    const spec = { deviceId: name, displayName: name, deviceType: 'local' }
    return make(direct, namespace, { plural: 'devices', kind: 'Device', metadata: { name }, spec })
  }
  const auth = {
    format: 'json',
    targetPath: '~/.codex/auth.json',
    encryptedValue: SEALED,
    sha256: 'a'.repeat(64),
    updatedAt: '2026-11-21T09:00:00.000Z',
  }
  const spec = { runtime: name, auth }
  return make(direct, namespace, {
    plural: 'userruntimeconfigs',
    kind: 'UserRuntimeConfig',
    metadata: { name },
    spec,
  })
}

interface Manifest {
  readonly plural: string
  readonly kind: string
  readonly metadata: object
  readonly spec: object
}

async function make(direct: Direct, namespace: string, { plural, ...object }: Manifest): Promise<void> {
  const place = namespace === '' ? '' : `namespaces/${namespace}/`
  const path = `/apis/${GROUP}/${VERSION}/${place}${plural}`
  const { status, body } = await direct.call('POST', path, { apiVersion: API_VERSION, ...object })
  if (status !== 201)
    throw new Error(`expected 201 from POST ${path}, got ${status} ${String(body['message'])}`)
}
