import type { CommandResult, DeviceCommand } from '#core/device-command.ts'
import { AppError } from '#core/errors.ts'

import { FakeClock } from './fake-clock.ts'
import { answer, type FleetDevice } from './fleet.ts'
import { FIELDS, normal, Operator } from './operator.ts'
import { seededRandom } from './random.ts'

/** One user of a run, and what is true of them whatever the operator believes. */
interface Person {
  readonly name: string
  readonly namespace: string
  readonly updatePolicy: 'IfMissing' | 'IfStale'
  readonly removalPolicy: 'Retain' | 'RemoveManaged'
  isEnabled: boolean
  readonly devices: FleetDevice[]
}

type SyncCommand = Extract<DeviceCommand, { key: 'sync_runtime_auth_file' }>

const COMMAND_TIMEOUT_MS = 65_000

/**
 * Runs an operator, its users and their devices through a bad day: a network that loses, delays and reorders, devices that
 * come and go, CLIs that rotate their logins, owners who log in by hand, and a server that is killed at any moment. All of it
 * follows from the seed. What must never happen is checked when it would, and kept in `broken`.
 */
export class Simulation {
  readonly broken: string[] = []
  readonly operator: Operator
  readonly people: Person[] = []
  readonly log: string[] = []
  readonly #clock: FakeClock
  readonly #random: () => number
  /** Heartbeats and answers get through at once, and nothing happens by itself any more. */
  #isCalm = false
  #refreshes = 0
  readonly #connected = new Set<FleetDevice>()

  private constructor(operator: Operator, clock: FakeClock, random: () => number) {
    this.operator = operator
    this.#clock = clock
    this.#random = random
    operator.fleet.transport = (device, command) => this.#carry(device, command)
  }

  static async start(seed: number): Promise<Simulation> {
    const clock = new FakeClock()
    const random = seededRandom(seed)
    const operator = await Operator.start({
      clock,
      random,
      fields: FIELDS,
      isEnabled: false,
    })
    const simulation = new Simulation(operator, clock, random)
    await operator.addUser('bob', false)
    for (const [index, name] of ['ada', 'bob'].entries()) simulation.#addPerson(name, `user-${index + 1}`)
    return simulation
  }

  /** A bad day, in steps of a few seconds. */
  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      await this.#clock.advance(Math.floor(this.#random() * 15_000))
      await this.#misfortune()
    }
  }

  /** The network heals, everybody comes back, and nobody touches anything until all is settled. */
  async settle(): Promise<void> {
    this.#isCalm = true
    for (const { devices } of this.people) {
      for (const device of devices) {
        this.#disconnect(device)
        this.#connect(device)
      }
    }
    await this.#clock.advance(12 * 60_000)
  }

  #addPerson(name: string, namespace: string): void {
    const person: Person = {
      name,
      namespace,
      updatePolicy: this.#random() < 0.6 ? 'IfStale' : 'IfMissing',
      removalPolicy: this.#random() < 0.6 ? 'RemoveManaged' : 'Retain',
      isEnabled: false,
      devices: [],
    }
    for (let index = 0; index < 3; index += 1) {
      const isOurAgent = index < 2
      const device = this.operator.fleet.add({ namespace, deviceId: `device-${index}`, isOurAgent })
      device.respond = async (command) => this.#obey(person, device, command)
      person.devices.push(device)
      this.#connected.add(device)
      this.#beat(device)
    }
    this.people.push(person)
  }

  async #misfortune(): Promise<void> {
    const person = this.#pick(this.people)
    const device = this.#pick(person.devices)
    const events: readonly (readonly [weight: number, name: string, event: () => Promise<unknown> | void])[] =
      [
        [4, 'upload', () => this.#upload(person)],
        [4, 'toggle', () => this.#toggle(person)],
        [1, 'delete document', () => this.operator.deleteDocument({ user: person.name })],
        [1, 'suspend', () => this.#suspend(person, this.#random() < 0.5)],
        [4, 'rotate', () => this.#rotate(device)],
        [
          2,
          'login by hand',
          () => device.put('codex', this.#login(person, { isOther: this.#random() < 0.5 })),
        ],
        [3, 'logout', () => void device.files.delete('codex')],
        [4, 'disconnect', () => this.#disconnect(device)],
        [6, 'connect', () => this.#connect(device)],
        [2, 'crash', () => this.#crash()],
        [1, 'restart', () => this.#restart()],
        [
          1,
          'sync',
          () =>
            void this.operator.manager.authSync
              .requestSync({ namespace: person.namespace, runtime: 'codex' })
              .catch(() => undefined),
        ],
      ]
    let left = this.#random() * events.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, name, event] of events) {
      left -= weight
      if (left >= 0) continue
      this.log.push(`${this.#clock.monotonic()} ${name} ${person.name} ${device.key.deviceId}`)
      await event()
      return
    }
  }

  async #upload(person: Person): Promise<void> {
    const { updatePolicy, removalPolicy } = person
    await this.operator.upload(this.#login(person), { user: person.name, updatePolicy, removalPolicy })
  }

  async #toggle(person: Person): Promise<void> {
    person.isEnabled = !person.isEnabled
    await this.operator.enable({ user: person.name, isEnabled: person.isEnabled })
  }

  async #suspend(person: Person, suspend: boolean): Promise<void> {
    const config = await this.operator.config({ user: person.name })
    if (config)
      await this.operator.stores.store.update('UserRuntimeConfig', {
        ...config,
        spec: { ...config.spec, suspend },
      })
  }

  /** Ends every suspension, so that what is wanted can come true. */
  async resume(): Promise<void> {
    for (const person of this.people) await this.#suspend(person, false)
  }

  /** The CLI refreshes the login that is there. */
  #rotate(device: FleetDevice): void {
    const text = device.files.get('codex')
    if (text === undefined) return
    device.put(
      'codex',
      normal(JSON.stringify({ ...(JSON.parse(text) as object), last_refresh: this.#nextRefresh() })),
    )
  }

  #login(person: Person, { isOther = false } = {}): string {
    const id = isOther ? `${person.name}-other` : person.name
    return normal(JSON.stringify({ account: { id }, refresh: 'r', last_refresh: this.#nextRefresh() }))
  }

  #nextRefresh(): string {
    this.#refreshes += 1
    return new Date(Date.parse('2026-01-01T00:00:00Z') + this.#refreshes * 1_000).toISOString()
  }

  async #crash(): Promise<void> {
    await this.operator.crash()
    // Sockets break; the devices come back one after the other.
    for (const device of this.#connected) this.#later(3_000, () => this.#reconnect(device))
  }

  /** An orderly end: what is in hand is finished first, while time goes on. */
  async #restart(): Promise<void> {
    const stopped = this.operator.manager.stop()
    await this.#clock.advance(25_000)
    await stopped
    await this.#crash()
  }

  #connect(device: FleetDevice): void {
    this.#connected.add(device)
    this.#reconnect(device)
  }

  #reconnect(device: FleetDevice): void {
    if (this.#connected.has(device)) this.operator.fleet.connect(device)
  }

  #disconnect(device: FleetDevice): void {
    this.#connected.delete(device)
    this.operator.fleet.disconnect(device)
  }

  /** Every 30 s for ever, and now and then one more, as after a change of a file. */
  #beat(device: FleetDevice): void {
    this.#report(device)
    this.#clock.after(this.#isCalm ? 30_000 : 5_000 + this.#random() * 25_000, () => this.#beat(device))
  }

  /** What a heartbeat says is what was so when it was sent, however late it comes. */
  #report(device: FleetDevice): void {
    if (!this.#connected.has(device) || this.#isLost(0.1)) return
    const files = device.look()
    this.#later(2_000, () => {
      if (this.#connected.has(device)) this.operator.fleet.heartbeat(device, files)
    })
  }

  async #carry(device: FleetDevice, command: DeviceCommand): Promise<CommandResult> {
    const timeout = new AppError('DEVICE_TIMEOUT', 'Command RPC timed out after 65 seconds')
    if (this.#isLost(0.1)) {
      await this.#delay(COMMAND_TIMEOUT_MS)
      throw timeout
    }
    await this.#delay(this.#latency(3_000))
    if (!this.#connected.has(device)) throw timeout
    // Now and then it takes so long that nobody waits any more when the device gets to it.
    if (this.#isLost(0.05)) {
      this.#later(20_000, () => void device.execute(command))
      await this.#delay(COMMAND_TIMEOUT_MS)
      throw timeout
    }
    const result = await device.execute(command)
    this.#report(device)
    if (this.#isLost(0.1)) {
      await this.#delay(COMMAND_TIMEOUT_MS)
      throw timeout
    }
    await this.#delay(this.#latency(3_000))
    return result
  }

  /** Does what it is told as long as the digest fits, and asks no further: what may go is the operator's decision here. */
  #obey(person: Person, device: FleetDevice, command: DeviceCommand): CommandResult {
    this.log.push(`${this.#clock.monotonic()} ${command.key} ${person.name} ${device.key.deviceId}`)
    if (this.#isLost(0.05)) return answer('failed', { error: 'no space left on device' })
    if (command.key === 'remove_runtime_auth_file') return this.#remove(device, command.expectedDigest)
    if (command.key !== 'sync_runtime_auth_file') return device.obey(command)
    if (!command.content.open().includes(`"${person.name}`))
      this.#break(`${person.name} got another user's login`)
    return this.#sync(person, device, command)
  }

  #sync(person: Person, device: FleetDevice, command: SyncCommand): CommandResult {
    const before = device.files.get('codex')
    if (before === undefined) return device.obey(command)
    if (command.replaceDigest !== device.digest(before)) return answer('skipped_existing')
    const text = command.content.open()
    this.#checkTouched(device, before)
    if (refreshOf(text) < refreshOf(before)) this.#break('an older document replaced a newer one')
    if (person.updatePolicy !== 'IfStale') this.#break('a file was replaced although the policy forbids it')
    device.put('codex', text)
    device.written.set('codex', text)
    return answer('written')
  }

  #remove(device: FleetDevice, expectedDigest: string): CommandResult {
    const before = device.files.get('codex')
    if (before === undefined) return answer('absent')
    if (expectedDigest !== device.digest(before)) return answer('skipped_existing')
    this.#checkTouched(device, before)
    device.files.delete('codex')
    return answer('removed')
  }

  #checkTouched(device: FleetDevice, before: string): void {
    if (device.written.get('codex') !== before)
      this.#break(`${device.key.deviceId}: a file that is not ours was touched`)
  }

  #break(what: string): void {
    this.broken.push(`at ${this.#clock.monotonic()} ms: ${what}`)
  }

  #isLost(probability: number): boolean {
    return !this.#isCalm && this.#random() < probability
  }

  #latency(most: number): number {
    return this.#isCalm ? 1 : this.#random() * most
  }

  #later(most: number, task: () => void): void {
    this.#clock.after(this.#latency(most), task)
  }

  async #delay(ms: number): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.after(ms, resolve))
  }

  #pick<T>(from: readonly T[]): T {
    const picked = from[Math.floor(this.#random() * from.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }
}

/** When the login in a document was refreshed last. */
export function refreshOf(text: string): string {
  return (JSON.parse(text) as { last_refresh: string }).last_refresh
}

/** Whose login a document is. */
export function accountOf(text: string): string {
  return (JSON.parse(text) as { account: { id: string } }).account.id
}
