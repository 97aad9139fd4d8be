import { setTimeout as pause } from 'node:timers/promises'

import { REPLICA_TIMES } from '#core/lease.ts'
import { GROUP, VERSION } from '#crds/group.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { Assets } from '#test/cluster/assets.ts'
import { seededRandom } from '#test/support/random.ts'

import type { Endpoint, FencedDevice, Receipt } from './fenced-device.ts'
import { type FleetUser, makeUsers } from './fleet.ts'
import { type ClusterInstallation, startClusterInstallation } from './installation.ts'
import { LeaseRecord } from './lease-record.ts'
import type { Replica } from './replica.ts'

export interface ReplicaRunOptions {
  readonly assets: Assets
  readonly seed: number
  readonly users: number
  readonly devicesEach: number
  /** How many times one of three is killed at random and started again. */
  readonly kills: number
  readonly progress: (line: string) => void
}

/** How a run ended. */
export interface ReplicaSummary {
  readonly devices: number
  readonly kills: number
  /** Documents that were written, on all devices together. */
  readonly written: number
  readonly skipped: number
  /** Commands that devices refused, because they came over a connection that was left. */
  readonly staleFences: number
  /** Documents that devices refused, because they had got a newer one. */
  readonly olderDocuments: number
  /** Devices on which an older document came after a newer one, or one whose age nobody knew. */
  readonly olderOverNewer: readonly string[]
  /** What came from a replica that had not renewed its Lease for longer than it lasts, carried out or refused. */
  readonly underLostLease: readonly string[]
  /** What was carried out although its connection was left behind. */
  readonly late: readonly string[]
  /** Devices that never came back into sync. */
  readonly outOfSync: readonly string[]
  /** Devices whose object says something else than is true, at the end. */
  readonly wrongStatuses: readonly string[]
  /** From each kill until every device was connected and had the newest document, ms. */
  readonly recoveredMs: readonly number[]
  /** The same from the moment in which a replica was frozen for longer than its Lease. */
  readonly frozenRecoveredMs: number
}

const REPLICAS = 3
const RECOVER_WITHIN_MS = 120_000
const FROZEN_MS = REPLICA_TIMES.durationMs + 5000

/** Kills and freezes replicas under a fleet of devices to which new documents go all the time. */
export async function killReplicas(options: ReplicaRunOptions): Promise<ReplicaSummary> {
  const installation = await startClusterInstallation(options.assets)
  const over = new AbortController()
  try {
    const names = Array.from({ length: REPLICAS }, (_unused, at) => `replica-${at}`)
    const replicas = await Promise.all(names.map((name) => installation.startReplica(name)))
    options.progress('three replicas serve')
    const run = new Run({ ...options, installation, replicas, over: over.signal })
    return await run.go()
  } finally {
    over.abort()
    await installation.close()
  }
}

interface Parts extends ReplicaRunOptions {
  readonly installation: ClusterInstallation
  readonly replicas: readonly Replica[]
  readonly over: AbortSignal
}

class Run {
  readonly #parts: Parts
  readonly #random: () => number
  readonly #leases = new LeaseRecord()
  readonly #recoveredMs: number[] = []
  #users: readonly FleetUser[] = []

  constructor(parts: Parts) {
    this.#parts = parts
    this.#random = seededRandom(parts.seed)
  }

  async go(): Promise<ReplicaSummary> {
    const { installation, kills, over, progress } = this.#parts
    void this.#leases.run(installation.direct, installation.setting.namespace, over)
    await this.#connectAll()
    progress(`${this.#devices.length} devices are connected and in sync`)
    for (let kill = 0; kill < kills; kill += 1) {
      this.#recoveredMs.push(await this.#killOne())
      progress(`kill ${kill + 1} of ${kills}: recovered in ${this.#recoveredMs.at(-1)} ms`)
    }
    const frozenRecoveredMs = await this.#freezeOne()
    progress(`one was frozen for ${FROZEN_MS} ms: recovered in ${frozenRecoveredMs} ms`)
    const wrongStatuses = await this.#wrongStatuses()
    return { ...this.#summary(), frozenRecoveredMs, wrongStatuses }
  }

  get #devices(): readonly FencedDevice[] {
    return this.#users.flatMap(({ devices }) => devices)
  }

  get #outOfSync(): readonly FencedDevice[] {
    return this.#users.flatMap(({ outOfSync }) => outOfSync)
  }

  async #connectAll(): Promise<void> {
    const { users, devicesEach, installation, over } = this.#parts
    const setting = { users, devicesEach, endpoints: () => this.#endpoints(), random: this.#random }
    this.#users = await makeUsers(installation.signingKey, setting)
    for (const user of this.#users) {
      await user.upload()
      await user.replaceStale(installation.direct)
      await user.toggle(true)
    }
    for (const device of this.#devices) void device.run(over)
    await this.#untilInSync()
  }

  #endpoints(): readonly Endpoint[] {
    return this.#parts.replicas
      .filter(({ isServing }) => isServing)
      .map(({ name, address }) => ({ replica: name, address }))
  }

  async #uploadAll(): Promise<void> {
    await Promise.all(this.#users.map((user) => user.upload()))
  }

  /** Kills one while documents are on their way, and stores newer ones while it is away. */
  async #killOne(): Promise<number> {
    const victim = this.#any()
    await this.#uploadAll()
    // Some were switched off and on again: what was decided before counts no more.
    const [switched] = this.#users
    await switched?.toggle(false)
    await pause(this.#random() * 500)
    const [startedAt, killedAt] = [performance.now(), Date.now()]
    await victim.kill()
    await switched?.toggle(true)
    await this.#uploadAll()
    const uploadedMs = Math.round(performance.now() - startedAt)
    await this.#untilInSync()
    const took = Math.round(performance.now() - startedAt)
    this.#parts.progress(`stored after ${uploadedMs} ms, ${this.#lastOnes(killedAt)}`)
    await victim.start()
    return took
  }

  /** What took longest since a moment, in ms: to be connected, and to have the document. */
  #lastOnes(since: number): string {
    const connected = this.#devices.map(({ connectedAt }) => connectedAt - since)
    const written = this.#devices.map(({ receipts }) => (receipts.at(-1)?.at ?? 0) - since)
    return `the last device was connected after ${Math.max(...connected)} ms, had it after ${Math.max(...written)} ms`
  }

  /** Freezes one for longer than its Lease lasts, in the middle of its work. */
  async #freezeOne(): Promise<number> {
    const victim = this.#busiest()
    const startedAt = performance.now()
    await Promise.all([this.#uploadAll(), pause(20).then(() => victim.freeze())])
    await this.#uploadAll()
    await this.#untilInSync()
    const took = Math.round(performance.now() - startedAt)
    await pause(Math.max(0, FROZEN_MS - took))
    victim.thaw()
    await this.#uploadAll()
    await this.#untilInSync()
    return took
  }

  /** One that was just started again has nobody yet. */
  #busiest(): Replica {
    const count = ({ name }: Replica) => this.#devices.filter(({ replica }) => replica === name).length
    return this.#parts.replicas.reduce((most, each) => (count(each) > count(most) ? each : most))
  }

  #any(): Replica {
    const { replicas } = this.#parts
    const replica = replicas[Math.floor(this.#random() * replicas.length)]
    if (replica === undefined) throw new Error('expected a replica')
    return replica
  }

  async #untilInSync(): Promise<void> {
    const until = performance.now() + RECOVER_WITHIN_MS
    while (this.#outOfSync.length > 0 && performance.now() < until) await pause(20)
  }

  #summary(): Omit<ReplicaSummary, 'frozenRecoveredMs' | 'wrongStatuses'> {
    const receipts = this.#devices.flatMap(({ id, receipts }) =>
      receipts.map((receipt) => ({ ...receipt, id })),
    )
    const withStatus = (status: Receipt['status']) => receipts.filter((receipt) => receipt.status === status)
    const done = [...withStatus('written'), ...withStatus('skipped_existing')]
    const isUnderLostLease = ({ replica, at }: Receipt) =>
      this.#leases.ageAt(`runtimeconfig-replica-${replica}`, at) > REPLICA_TIMES.durationMs
    const tell = ({ id, replica, at }: Receipt & { readonly id: string }) => `${id} for ${replica} at ${at}`
    return {
      devices: this.#devices.length,
      kills: this.#parts.kills,
      written: withStatus('written').length,
      skipped: withStatus('skipped_existing').length,
      staleFences: withStatus('stale_fence').length,
      olderDocuments: withStatus('older_document').length,
      olderOverNewer: this.#devices.filter(goesBackwards).map(({ id }) => id),
      underLostLease: receipts.filter(isUnderLostLease).map(tell),
      late: done.filter(({ isLate }) => isLate).map(tell),
      outOfSync: this.#outOfSync.map(({ id }) => id),
      recoveredMs: this.#recoveredMs,
    }
  }

  /** What the objects say, when they have had time to say it. */
  async #wrongStatuses(): Promise<readonly string[]> {
    const until = performance.now() + RECOVER_WITHIN_MS
    for (;;) {
      const wrong = await this.#lookAtStatuses()
      if (wrong.length === 0 || performance.now() > until) return wrong
      await pause(500)
    }
  }

  async #lookAtStatuses(): Promise<readonly string[]> {
    const { direct } = this.#parts.installation
    const { body } = await direct.call('GET', `/apis/${GROUP}/${VERSION}/devices`)
    const objects = (body['items'] ?? []) as readonly ObjectOf<'Device'>[]
    const statuses = new Map(objects.map(({ spec, status }) => [spec.deviceId, status]))
    return this.#devices.flatMap(({ id, replica }) => {
      const status = statuses.get(id)
      const state = status?.runtimes?.find(({ name }) => name === 'codex')?.state
      const isRight = status?.gateway === replica && state === 'InSync'
      return isRight ? [] : [`${id}: ${String(status?.gateway)} ${String(state)}, is at ${String(replica)}`]
    })
  }
}

function goesBackwards({ receipts }: FencedDevice): boolean {
  let newest = 0
  return receipts
    .filter(({ status }) => status === 'written')
    .some(({ documentNumber }) => {
      const isOlder = documentNumber === null || documentNumber < newest
      newest = documentNumber ?? newest
      return isOlder
    })
}
