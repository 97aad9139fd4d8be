import { Registry } from 'prom-client'
import { onTestFinished } from 'vitest'

import { createLeaderElection, type LeaderElection } from '#controller/leadership.ts'
import type { PeerSyncs } from '#controller/ports.ts'
import { Replicas } from '#controller/replicas.ts'
import { AppError } from '#core/errors.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { ObjectEvent } from '#store/events.ts'

import { FakeClock } from './fake-clock.ts'
import { FleetDevice } from './fleet.ts'
import { type LeasePath, MemoryLeases } from './memory-leases.ts'
import { FIELDS, Operator, type OperatorSetup } from './operator.ts'

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

/** One process of several on one store. */
export interface Replica {
  readonly name: string
  readonly operator: Operator
  readonly replicas: Replicas
  readonly election: LeaderElection
  readonly events: ObjectEvent[]
  /** Its requests about Leases get nowhere. */
  isCut: boolean
  isKilled: boolean
}

/** Several controllers over one real store, with devices that move between them, and real Leases. */
export class ReplicaSet {
  readonly clock: FakeClock
  readonly leases = new MemoryLeases()
  readonly all: Replica[] = []
  /** Where each device's socket is now. */
  readonly #homes = new Map<FleetDevice, Replica>()
  readonly #setup: OperatorSetup
  #first: Operator | null = null

  constructor(setup: OperatorSetup = {}) {
    this.clock = new FakeClock()
    this.#setup = setup
  }

  static async forTest(names: readonly string[], setup: OperatorSetup = {}): Promise<ReplicaSet> {
    const set = new ReplicaSet(setup)
    onTestFinished(() => set.close())
    for (const name of names) await set.add(name)
    return set
  }

  /** Any of them, for what concerns the store. */
  get store(): Operator {
    if (this.#first === null) throw new Error('there is no replica')
    return this.#first
  }

  get(name: string): Replica {
    const found = this.all.find((replica) => replica.name === name && !replica.isKilled)
    if (found === undefined) throw new Error(`no replica ${name}`)
    return found
  }

  get leader(): Replica | undefined {
    return this.all.find(({ election }) => election.isLeader)
  }

  async add(name: string): Promise<Replica> {
    const path: LeasePath = async (act) => {
      if (replica.isCut || replica.isKilled) throw new AppError('STORE_UNAVAILABLE', 'cut off')
      return act()
    }
    const random = this.#setup.random ?? (() => 0.5)
    const basis = { leases: this.leases.by(path), clock: this.clock, random, logger: SILENT, replica: name }
    const election = createLeaderElection({ ...basis, registry: new Registry() })
    const replicas = new Replicas({ ...basis, peerUrl: `http://${name}`, leadership: election })
    const events: ObjectEvent[] = []
    const state = { name, election, replicas, events, isCut: false, isKilled: false }
    const setup = { fields: FIELDS, random, ...this.#setup, clock: this.clock }
    const parts = { gateway: name, leadership: election, replicas, authority: replicas, peers: this.#peers() }
    const recorder = { record: (event: ObjectEvent) => void events.push(event) }
    const replica: Replica = Object.assign(state, {
      operator: await this.#open({ ...setup, replica: { ...parts, events: recorder } }),
    })
    await replicas.start()
    await election.start()
    this.all.push(replica)
    return replica
  }

  /** The process is killed: its Leases lapse, its sockets break. */
  kill(name: string): void {
    const replica = this.get(name)
    for (const [device, home] of this.#homes) if (home === replica) this.#homes.delete(device)
    replica.isKilled = true
    replica.operator.kill()
    void replica.replicas.stop()
    void replica.election.stop()
  }

  /** Makes a device, connected to a replica. */
  addDevice(home: string, setup: ConstructorParameters<typeof FleetDevice>[0] = {}): FleetDevice {
    const device = new FleetDevice(setup, () => this.clock.now())
    this.connect(device, home)
    this.#beat(device)
    return device
  }

  /** The device's agent opens a socket to a replica; whatever it had elsewhere is dead from now on. */
  connect(device: FleetDevice, home: string): void {
    const replica = this.get(home)
    this.#homes.set(device, replica)
    replica.operator.fleet.connect(device)
  }

  /** The device's socket breaks, and its replica notices. */
  disconnect(device: FleetDevice): void {
    this.#homes.get(device)?.operator.fleet.disconnect(device)
    this.#homes.delete(device)
  }

  /** The device goes to another replica. `isNoticed`: the one before sees its socket close; else it is half open for 90 s. */
  move(device: FleetDevice, to: string, { isNoticed = true } = {}): void {
    const before = this.#homes.get(device)
    if (isNoticed) this.disconnect(device)
    else if (before !== undefined) this.#timeOut(device, before)
    this.connect(device, to)
  }

  homeOf(device: FleetDevice): Replica | undefined {
    return this.#homes.get(device)
  }

  async statusOf(device: FleetDevice): Promise<ObjectOf<'Device'>['status']> {
    return (await this.store.device(device.key.deviceId, device.key.namespace))?.status
  }

  /** A number that grows with every write to the store. */
  async version(): Promise<number> {
    return Number((await this.store.stores.store.list('Runtime')).metadata.resourceVersion)
  }

  async close(): Promise<void> {
    for (const replica of this.all) {
      replica.operator.kill()
      replica.isKilled = true
      await Promise.all([replica.replicas.stop(), replica.election.stop()])
    }
    await this.#first?.close()
  }

  async #open(setup: OperatorSetup): Promise<Operator> {
    if (this.#first !== null) return this.#reach(await Operator.beside(this.#first, setup))
    this.#first = await Operator.start(setup)
    return this.#reach(this.#first)
  }

  /** Each is asked directly, as if the network between them were perfect. */
  #peers(): PeerSyncs {
    const own = (gateway: string) => {
      const replica = this.all.find(({ name, isKilled }) => name === gateway && !isKilled)
      if (replica === undefined) throw new AppError('DEVICE_OFFLINE', `replica ${gateway} is gone`)
      return replica.operator.manager.ownAuthSync
    }
    return {
      explain: async (gateway, device, runtime) => own(gateway).explain(device, runtime),
      requestSync: async (gateway, request) => own(gateway).requestSync(request),
    }
  }

  /** A command gets to a device only through the socket that is alive; on a dead one nobody answers. */
  #reach(operator: Operator): Operator {
    const { transport } = operator.fleet
    operator.fleet.transport = async (device, command) => {
      if (this.#homes.get(device)?.operator === operator) return transport(device, command)
      await new Promise<void>((resolve) => this.clock.after(65_000, resolve))
      throw new AppError('DEVICE_TIMEOUT', 'Command RPC timed out after 65 seconds')
    }
    return operator
  }

  #timeOut(device: FleetDevice, { operator }: Replica): void {
    this.clock.after(90_000, () => {
      if (this.#homes.get(device)?.operator !== operator) operator.fleet.disconnect(device)
    })
  }

  #beat(device: FleetDevice): void {
    this.clock.after(30_000, () => {
      const home = this.#homes.get(device)
      if (home !== undefined && !home.isKilled) home.operator.fleet.heartbeat(device)
      this.#beat(device)
    })
  }
}
