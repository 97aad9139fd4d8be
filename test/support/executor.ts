import { existsSync } from 'node:fs'
import { join } from 'node:path'

import type { ExecuteCommand } from '#protocol/command.ts'
import frames from '#test/api/devices/executor-frames.json' with { type: 'json' }

import { carryOut } from './carry-out.ts'
import { ExecutorSocket } from './executor-socket.ts'
import { eventually } from './installation.ts'

const NAMESPACE = '/local-executor'

/** What an executor says of each runtime's auth file, usable or not. */
export type ReportedFiles = unknown

/** Who an executor is. */
export interface ExecutorIdentity {
  readonly address: string
  readonly token: string
  readonly id: string
  readonly home: string
  readonly type?: 'local' | 'app' | 'cloud' | 'remote'
}

/** Answers a command with the values of an ack; `null`: it never answers. */
export type Behaviour = (command: ExecuteCommand) => Promise<readonly unknown[] | null>

/** The recorded payload of this name. */
export function recorded(name: string): Readonly<Record<string, unknown>> {
  const frame = frames.find((candidate) => candidate.name === name)
  if (frame === undefined) throw new Error(`no frame is named ${name}`)
  return frame.payload
}

/**
 * A machine with an executor of the reference system: it sends the frames that were recorded from one, and really runs the
 * commands it gets, in a home of its own. Heartbeats go out when the test says so.
 */
export class Executor {
  readonly id: string
  readonly home: string
  /** Every command it got, in order. */
  readonly received: ExecuteCommand[] = []
  /** What it does instead of carrying commands out. */
  respond: Behaviour | null = null
  /** Where it looks for auth files; like a real one, in its home. */
  looksIn: string
  readonly #identity: ExecutorIdentity
  readonly #socket: ExecutorSocket
  readonly #asked = new Map<string, (answer: unknown) => void>()
  #nextId = 400
  #answered = 0
  /** The ack id of the command that came last, for those who answer it late or twice. */
  lastAckId = ''

  private constructor(identity: ExecutorIdentity, socket: ExecutorSocket) {
    this.#identity = identity
    this.#socket = socket
    this.id = identity.id
    this.home = identity.home
    this.looksIn = identity.home
  }

  /** Connects as it was recorded: a pong right after open, then the namespace, then the registration. */
  static async connect(identity: ExecutorIdentity): Promise<Executor> {
    const socket = await ExecutorSocket.open(identity.address)
    await socket.next()
    socket.send('3')
    socket.send(`40${NAMESPACE},${JSON.stringify({ token: identity.token })}`)
    const joined = await socket.next()
    if (!joined.startsWith(`40${NAMESPACE},{"sid":`)) throw new Error(`expected to join, got ${joined}`)
    const executor = new Executor(identity, socket)
    void executor.#read()
    await executor.register(identity.type)
    return executor
  }

  /** Registers, as another kind of machine if need be. */
  async register(type: ExecutorIdentity['type'] = 'local'): Promise<void> {
    const answer = await this.ask('device:register', {
      ...recorded('register, first frame after the namespace is joined'),
      device_id: this.id,
      device_type: type,
    })
    const isWelcome = JSON.stringify(answer) === JSON.stringify({ success: true, device_id: this.id })
    if (!isWelcome) throw new Error(`expected to be registered, got ${JSON.stringify(answer)}`)
  }

  /**
   * Sends a heartbeat without asking for an ack, and resolves when the server has taken it in. It says what is so, or what it
   * is told to say of the files: `undefined` leaves them out.
   */
  async beat(...said: readonly [] | readonly [ReportedFiles]): Promise<void> {
    const files = said.length === 0 ? this.look() : said[0]
    this.#socket.send(`42${NAMESPACE},${JSON.stringify(['device:heartbeat', this.heartbeat(files)])}`)
    // A socket's events are handled in their order: this one is answered when the heartbeat was handled.
    await this.ask('device:status', { device_id: this.id, status: 'online' })
  }

  /** A heartbeat as it was recorded, but for who sends it and what it says of files. */
  heartbeat(files: ReportedFiles): object {
    const name = 'heartbeat right after registering, auth file absent'
    return { ...recorded(name), device_id: this.id, runtime_auth_files: files }
  }

  /** What is so: an absolute path, and whether there is something. */
  look(): object {
    const targetPath = join(this.looksIn, '.codex/auth.json')
    return { codex: { exists: existsSync(targetPath), target_path: targetPath } }
  }

  /** Sends an event with an id and gives the first value of its answer. */
  async ask(event: string, payload: unknown): Promise<unknown> {
    const id = String(this.#nextId++)
    const answer = new Promise((resolve) => this.#asked.set(id, resolve))
    this.#socket.send(`42${NAMESPACE},${id}${JSON.stringify([event, payload])}`)
    return answer
  }

  /** Resolves when so many commands were answered, and fails when there were more. */
  async untilAnswered(count: number): Promise<void> {
    await eventually(`${this.id} to answer ${count} commands`, async () => this.#answered >= count)
    if (this.received.length > count)
      throw new Error(`expected ${count} commands, got ${this.received.length}`)
  }

  /** Resolves when so many commands arrived. */
  async untilReceived(count: number): Promise<void> {
    await eventually(`${this.id} to get ${count} commands`, async () => this.received.length >= count)
  }

  /** Answers by the id of a command, whether or not anybody waits for it. */
  answer(ackId: string, ...values: readonly unknown[]): void {
    this.#socket.send(`43${NAMESPACE},${ackId}${JSON.stringify(values)}`)
  }

  /** Sends whatever. */
  send(frame: string): void {
    this.#socket.send(frame)
  }

  /** Resolves once the connection is gone. */
  get closed(): Promise<number> {
    return this.#socket.closed
  }

  close(): void {
    this.#socket.close()
  }

  /** The same machine, connected anew. */
  async reconnect(): Promise<Executor> {
    return Executor.connect(this.#identity)
  }

  async #read(): Promise<void> {
    for (;;) this.#take(await this.#socket.next())
  }

  #take(frame: string): void {
    const [, type, id = '', text = ''] = /^4([23])\/local-executor,(\d+)(\[.*\])$/s.exec(frame) ?? []
    if (type === '3') return this.#asked.get(id)?.(JSON.parse(text)[0])
    const [event, payload] = type === '2' ? JSON.parse(text) : [frame, null]
    if (event !== 'device:execute_command') throw new Error(`expected a command, got ${event}`)
    void this.#obey(id, payload)
  }

  async #obey(id: string, command: ExecuteCommand): Promise<void> {
    this.received.push(command)
    this.lastAckId = id
    // A real one reads nothing while a command runs, pings neither.
    this.#socket.answersPings = false
    const values = await (this.respond ?? ((each) => carryOut(each, this.home)))(command)
    this.#socket.answersPings = true
    if (values === null) return
    this.answer(id, ...values)
    this.#answered += 1
  }
}
