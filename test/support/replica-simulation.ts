import type { CommandResult, DeviceCommand } from '#core/device-command.ts'
import { AppError } from '#core/errors.ts'

import { answer, type FleetDevice } from './fleet.ts'
import { normal } from './operator.ts'
import { seededRandom } from './random.ts'
import { type Replica, ReplicaSet } from './replica-set.ts'
import { refreshOf } from './simulation.ts'

const TIMEOUT_MS = 65_000

/**
 * Several replicas, two users and their devices on a bad day: devices move, sockets die unseen, replicas are killed and others
 * come, Leases cannot be renewed, documents change meanwhile. All of it follows from the seed. What must never happen is
 * checked when it would, and kept in `broken`.
 */
export class ReplicaSimulation {
  readonly broken: string[] = []
  readonly log: string[] = []
  readonly set: ReplicaSet
  readonly devices: FleetDevice[] = []
  readonly #random: () => number
  #isCalm = false
  #refreshes = 0
  #replicas = 0

  private constructor(random: () => number) {
    this.#random = random
    this.set = new ReplicaSet({ random, isEnabled: true })
  }

  static async start(seed: number): Promise<ReplicaSimulation> {
    const simulation = new ReplicaSimulation(seededRandom(seed))
    for (let index = 0; index < 3; index += 1) await simulation.#addReplica()
    await simulation.set.store.addUser('bob')
    for (const namespace of ['user-1', 'user-2']) {
      for (let index = 0; index < 3; index += 1) simulation.#addDevice(namespace, index)
    }
    return simulation
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      await this.set.clock.advance(Math.floor(this.#random() * 20_000))
      await this.#misfortune()
    }
  }

  /** Everybody comes back somewhere, and nothing happens by itself any more. */
  async settle(): Promise<void> {
    this.#isCalm = true
    for (const replica of this.set.all) replica.isCut = false
    for (const device of this.devices) this.set.move(device, this.#anyReplica().name)
    await this.set.clock.advance(15 * 60_000)
  }

  get living(): readonly Replica[] {
    return this.set.all.filter(({ isKilled }) => !isKilled)
  }

  async #addReplica(): Promise<void> {
    this.#replicas += 1
    const { operator } = await this.set.add(`replica-${this.#replicas}`)
    operator.fleet.transport = (device, command) => this.#carry(operator, device, command)
  }

  #addDevice(namespace: string, index: number): void {
    const setup = { namespace, deviceId: `device-${index}`, isOurAgent: index < 2 }
    const device = this.set.addDevice(this.#anyReplica().name, setup)
    device.respond = async (command) => this.#obey(device, command)
    this.devices.push(device)
  }

  async #misfortune(): Promise<void> {
    const device = this.#pick(this.devices)
    const user = this.#random() < 0.5 ? 'ada' : 'bob'
    const to = this.#anyReplica().name
    const events: readonly (readonly [weight: number, name: string, event: () => Promise<unknown> | void])[] =
      [
        [4, `upload ${user}`, () => this.#upload(user)],
        [2, `toggle ${user}`, () => this.#toggle(user)],
        [3, 'rotate', () => this.#rotate(device)],
        [2, 'logout', () => void device.files.delete('codex')],
        [6, `move to ${to}`, () => this.set.move(device, to)],
        [8, `move unseen to ${to}`, () => this.set.move(device, to, { isNoticed: false })],
        [2, 'disconnect', () => this.set.disconnect(device)],
        [1, 'kill and replace', () => this.#replace()],
        [1, 'cut off', () => void (this.#anyReplica().isCut = true)],
        [2, 'join again', () => this.living.forEach((replica) => void (replica.isCut = false))],
      ]
    let left = this.#random() * events.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, name, event] of events) {
      left -= weight
      if (left >= 0) continue
      this.log.push(`${this.set.clock.monotonic()} ${name} ${device.key.namespace} ${device.key.deviceId}`)
      await event()
      return
    }
  }

  async #upload(user: string): Promise<void> {
    const text = normal(
      JSON.stringify({ account: { id: user }, refresh: 'r', last_refresh: this.#refresh() }),
    )
    await this.set.store.upload(text, { user, updatePolicy: 'IfStale', removalPolicy: 'RemoveManaged' })
  }

  async #toggle(user: string): Promise<void> {
    await this.set.store.enable({ user, isEnabled: this.#random() < 0.6 })
  }

  #rotate(device: FleetDevice): void {
    const text = device.files.get('codex')
    if (text === undefined) return
    const rotated = { ...(JSON.parse(text) as object), last_refresh: this.#refresh() }
    device.put('codex', normal(JSON.stringify(rotated)))
  }

  #refresh(): string {
    this.#refreshes += 1
    return new Date(Date.parse('2026-01-01T00:00:00Z') + this.#refreshes * 1_000).toISOString()
  }

  async #replace(): Promise<void> {
    const victim = this.#anyReplica()
    const lost = this.devices.filter((device) => this.set.homeOf(device) === victim)
    this.set.kill(victim.name)
    await this.#addReplica()
    for (const device of lost) if (this.#random() < 0.8) this.set.connect(device, this.#anyReplica().name)
  }

  async #carry(
    from: Replica['operator'],
    device: FleetDevice,
    command: DeviceCommand,
  ): Promise<CommandResult> {
    const isHere = () => this.set.homeOf(device)?.operator === from
    if (this.set.all.find(({ operator }) => operator === from)?.replicas.isHeld !== true)
      this.broken.push(`${device.key.deviceId}: a command was sent under a lost Lease`)
    const timeout = new AppError('DEVICE_TIMEOUT', 'Command RPC timed out after 65 seconds')
    await this.#delay(3_000)
    // Nobody is at the other end of a dead socket; ours notices no sooner than the answer is overdue.
    if (!isHere()) await this.#delay(TIMEOUT_MS, { isWhole: true })
    if (!isHere()) throw timeout
    const result = await device.execute(command)
    await this.#delay(3_000)
    if (!isHere()) throw timeout
    from.fleet.heartbeat(device)
    return result
  }

  #obey(device: FleetDevice, command: DeviceCommand): CommandResult {
    this.log.push(
      `${this.set.clock.monotonic()} ${command.key} ${device.key.namespace} ${device.key.deviceId}`,
    )
    const before = device.files.get('codex')
    const result = device.obey(command)
    if (command.key !== 'sync_runtime_auth_file' || result.status !== 'written') return result
    const text = command.content.open()
    if (before !== undefined && refreshOf(text) < refreshOf(before))
      this.broken.push(
        `${device.key.namespace} ${device.key.deviceId}: an older document replaced a newer one`,
      )
    if (before === text) this.broken.push(`${device.key.deviceId}: the same document was written twice`)
    return answer('written')
  }

  #anyReplica(): Replica {
    return this.#pick(this.living)
  }

  async #delay(most: number, { isWhole = false } = {}): Promise<void> {
    const ms = isWhole ? most : this.#isCalm ? 1 : this.#random() * most
    await new Promise<void>((resolve) => this.set.clock.after(ms, resolve))
  }

  #pick<T>(from: readonly T[]): T {
    const picked = from[Math.floor(this.#random() * from.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }
}
