import * as z from 'zod/mini'

import { DEVICE_EVENTS, runtimesPayload } from '#protocol/register.ts'

import { backoffDelay, RECONNECT, REFUSED } from './backoff.ts'
import type { CommandReply } from './commands.ts'
import type { ConfigReports } from './config-reports.ts'
import type { Fence } from './fence.ts'
import { AGENT_FEATURES, Heartbeat } from './heartbeat.ts'
import type { Inspector } from './inspect.ts'
import type { AgentPorts } from './ports.ts'
import { type AgentRuntime, toAgentRuntimes } from './runtimes.ts'
import { type Registered, Session, SessionEnded, type SessionEnd } from './session.ts'
import { openSocket } from './socket-client.ts'

/** Who this device is, and where its server is. */
export interface DeviceIdentity {
  readonly deviceId: string
  readonly name: string
  readonly deviceType: 'local' | 'app' | 'cloud' | 'remote'
  readonly version: string
  readonly serverUrl: string
  /** Asked before each attempt, so that a new token needs no restart. Its error text is shown to people. */
  readonly readToken: () => Promise<string> | string
}

/** What a connection works with. */
export interface ConnectionDeps {
  readonly identity: DeviceIdentity
  readonly ports: AgentPorts
  readonly inspector: Inspector
  readonly configs: ConfigReports
  readonly fence: Fence
  /** Called with what the server assigns, before the first heartbeat and whenever it changes. */
  readonly assign: (runtimes: readonly AgentRuntime[], digestKey: string | null) => void
  /** Carries out one command. Never rejects. */
  readonly obey: (payload: unknown) => Promise<CommandReply>
  /** Called when the answer to a command is out. */
  readonly settle: () => void
}

/** A server may spread its devices over this long, not longer. */
const MAX_RETRY_AFTER_MS = 300_000

/** Keeps this device connected until it is stopped: connects, registers, sends heartbeats, obeys, comes back. */
export class Connection {
  readonly #deps: ConnectionDeps
  #session: Session | null = null
  #heartbeat: Heartbeat | null = null
  #inHand: Promise<unknown> = Promise.resolve()
  #isStopping = false
  #wake: () => void = () => {}
  #attempt = 0
  #retryAfterMs = 0

  constructor(deps: ConnectionDeps) {
    this.#deps = deps
  }

  /** Resolves after {@link stop}. */
  async run(): Promise<void> {
    while (!this.#isStopping) {
      const end = await this.#attend()
      if (!this.#isStopping) await this.#stayAway(end)
    }
  }

  /** Lets the command in hand finish, says goodbye and disconnects. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#inHand
    if (this.#heartbeat !== null && this.#session !== null) await this.#sayGoodbye(this.#session)
    this.#heartbeat?.stop()
    this.#session?.close({ kind: 'lost', reason: 'stopped' })
    this.#wake()
  }

  async #sayGoodbye(session: Session): Promise<void> {
    const goodbye = { device_id: this.#deps.identity.deviceId, status: 'offline' }
    try {
      await session.request(DEVICE_EVENTS.status, goodbye)
    } catch (error) {
      // A server that is gone misses nothing.
      if (!(error instanceof SessionEnded)) throw error
    }
  }

  async #attend(): Promise<SessionEnd> {
    try {
      const session = await this.#open()
      await this.#enter(session)
      return await session.ended()
    } catch (error) {
      if (!(error instanceof SessionEnded)) throw error
      return error.end
    } finally {
      this.#deps.fence.retire()
      this.#heartbeat?.stop()
      this.#session?.close({ kind: 'lost', reason: 'over' })
      this.#heartbeat = null
      this.#session = null
    }
  }

  async #open(): Promise<Session> {
    const { identity, ports } = this.#deps
    const token = await this.#readToken()
    const session = new Session(await openSocket({ serverUrl: identity.serverUrl, token }), ports.clock)
    this.#session = session
    if (this.#isStopping) session.close({ kind: 'lost', reason: 'stopped' })
    session.on(DEVICE_EVENTS.executeCommand, (payload, reply) => this.#obey(payload, reply))
    session.on(DEVICE_EVENTS.runtimes, (payload, reply) => {
      this.#takeRuntimes(payload)
      reply({ success: true })
    })
    await session.connect()
    return session
  }

  async #readToken(): Promise<string> {
    try {
      return await this.#deps.identity.readToken()
    } catch (error) {
      throw new SessionEnded('refused', error instanceof Error ? error.message : 'the token cannot be read')
    }
  }

  async #enter(session: Session): Promise<void> {
    const { identity, ports, inspector, configs, fence } = this.#deps
    const { deviceId, version } = identity
    const registered = await session.register({
      device_id: deviceId,
      name: identity.name,
      device_type: identity.deviceType,
      executor_version: version,
      runtime_features: AGENT_FEATURES,
      fence: fence.draw(),
    })
    this.#take(registered)
    ports.logger.info({ device: deviceId, runtimes: inspector.runtimeNames }, 'registered')
    const send = (payload: object) => session.heartbeat(payload)
    const onEnd = (error: unknown) => session.close(this.#toEnd(error))
    this.#heartbeat = new Heartbeat({ inspector, configs, ports, deviceId, version, send, onEnd })
    this.#heartbeat.start()
  }

  #take(registered: Registered): void {
    this.#deps.fence.confirm(registered.fence)
    this.#attempt = 0
    this.#retryAfterMs = Math.min(MAX_RETRY_AFTER_MS, Math.max(0, registered.retry_after_ms ?? 0))
    const runtimes = toAgentRuntimes(registered.runtimes ?? [])
    this.#deps.assign(runtimes, registered.digest_key ?? null)
  }

  #takeRuntimes(payload: unknown): void {
    const parsed = z.safeParse(runtimesPayload, payload)
    if (!parsed.success) {
      this.#deps.ports.logger.warn({}, 'the server sent a list of runtimes that cannot be read')
      return
    }
    this.#deps.assign(toAgentRuntimes(parsed.data.runtimes), null)
    this.#heartbeat?.beat()
  }

  // The answer goes out before the heartbeat: the first heartbeat after an answer is the proof of it.
  #obey(payload: unknown, reply: (answer: object) => void): void {
    if (this.#isStopping) return
    const work = this.#deps.obey(payload).then((answer) => {
      reply(answer)
      this.#heartbeat?.beat()
      return this.#deps.settle()
    })
    this.#inHand = Promise.all([this.#inHand, work])
  }

  #toEnd(error: unknown): SessionEnd {
    if (error instanceof SessionEnded) return error.end
    const kind = error instanceof Error ? error.name : typeof error
    this.#deps.ports.logger.error({ kind }, 'a heartbeat met a bug of this agent')
    return { kind: 'lost', reason: `unexpected ${kind}` }
  }

  async #stayAway({ kind, reason }: SessionEnd): Promise<void> {
    const delayMs = this.#delayAfter(kind)
    this.#attempt += 1
    const fields = { reason, server: new URL(this.#deps.identity.serverUrl).host, retryInMs: delayMs }
    this.#deps.ports.logger.warn(fields, MESSAGES[kind])
    await new Promise<void>((resolve) => {
      const cancel = this.#deps.ports.clock.after(delayMs, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }

  #delayAfter(kind: SessionEnd['kind']): number {
    const { random } = this.#deps.ports
    if (kind === 'replaced') return Math.round(REFUSED.capMs * (0.5 + random() / 2))
    if (kind === 'refused') return backoffDelay(REFUSED, this.#attempt, random)
    const spreadMs = this.#attempt === 0 ? this.#retryAfterMs : 0
    return spreadMs + backoffDelay(RECONNECT, this.#attempt, random)
  }
}

const MESSAGES: Readonly<Record<SessionEnd['kind'], string>> = {
  lost: 'not connected; trying again',
  refused: 'the server refuses this device; check its token, trying again slowly',
  replaced: 'another agent registered under the same device id; give each a --device-id of its own',
}
