import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { type DefaultEventsMap, Server, type Socket } from 'socket.io'

import { type AgentOptions, runAgent } from '#agent/main.ts'
import type { AgentLogger, AgentPorts } from '#agent/ports.ts'
import { normalFormOf } from '#core/normal-form.ts'

import { DIGEST_KEY } from './command-devices.ts'
import { FakeClock } from './fake-clock.ts'

type Json = Readonly<Record<string, unknown>>
type DeviceSocket = Socket<DefaultEventsMap, DefaultEventsMap>

export const WIRE_CODEX = {
  name: 'codex',
  target_path: '~/.codex/auth.json',
  home_variable: 'CODEX_HOME',
  fields: { account_id: '/tokens/account_id', refresh_token: null, last_refresh: '/last_refresh' },
  process_name: null,
  max_bytes: 524_288,
} as const

/** A server that says to an agent what a test wants it to say. */
export class AgentServer implements AsyncDisposable {
  readonly #io: Server
  readonly port: number
  /** Everything devices sent, in order. */
  readonly said: (readonly [string, Json])[] = []
  readonly #waiting: { readonly event: string; readonly resolve: (payload: Json) => void }[] = []
  socket: DeviceSocket | null = null
  /** What the next answers are. */
  answers: Record<string, object> = {
    'device:register': { success: true, device_id: 'dev-1', digest_key: DIGEST_KEY, runtimes: [WIRE_CODEX] },
  }
  /** Why tokens are refused; `null`: they are not. */
  refusal: string | null = null
  readonly tokens: unknown[] = []

  private constructor(io: Server, port: number) {
    this.#io = io
    this.port = port
    io.of('/local-executor')
      .use((socket, next) => {
        this.tokens.push(socket.handshake.auth['token'])
        next(this.refusal === null ? undefined : new Error(this.refusal))
      })
      .on('connection', (socket) => this.#welcome(socket))
  }

  static async start(port = 0): Promise<AgentServer> {
    const http = createServer()
    const io = new Server(http, { transports: ['websocket'], connectTimeout: 1000 })
    http.listen(port, '127.0.0.1')
    await once(http, 'listening')
    return new AgentServer(io, (http.address() as AddressInfo).port)
  }

  /** The next event of a name, from now on. */
  next(event: string): Promise<Json> {
    return new Promise((resolve) => void this.#waiting.push({ event, resolve }))
  }

  /** Asks the connected device and gives its ack. */
  async ask(payload: unknown): Promise<Json> {
    return this.socket?.emitWithAck('device:execute_command', payload) as Promise<Json>
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#io.close()
  }

  #welcome(socket: DeviceSocket): void {
    this.socket = socket
    socket.onAny((event: string, payload: Json, reply?: (answer: object) => void) => {
      this.said.push([event, payload])
      reply?.(this.answers[event] ?? { success: true })
      const index = this.#waiting.findIndex((one) => one.event === event)
      if (index !== -1) this.#waiting.splice(index, 1)[0]?.resolve(payload)
    })
  }
}

interface LogLine {
  readonly level: string
  readonly message: string
  readonly fields: Json
}

/** A clock that says which timers were ever set: what the agent waits for tells how far it is. */
class WatchedClock extends FakeClock {
  readonly delays: number[] = []

  override after(delayMs: number, task: () => void): () => void {
    this.delays.push(delayMs)
    return super.after(delayMs, task)
  }
}

/** An agent of a temporary home, with the clock and the log a test looks at. */
export async function startAgent(
  port: number,
  home: string,
  { isNameless = false, ...overrides }: Partial<AgentOptions> & { readonly isNameless?: boolean } = {},
) {
  const clock = new WatchedClock()
  const log: LogLine[] = []
  const waiting: ((line: LogLine) => boolean)[] = []
  const say = (level: string) => (fields: object, message: string) => {
    const line = { level, message, fields: { ...fields } }
    log.push(line)
    for (const [index, isMet] of [...waiting.entries()].toReversed())
      if (isMet(line)) waiting.splice(index, 1)
  }
  const logger: AgentLogger = { info: say('info'), warn: say('warn'), error: say('error') }
  const stop = new AbortController()
  const ports: AgentPorts = {
    clock,
    logger,
    normalFormOf,
    listProcesses: () => Promise.resolve([]),
    random: () => 0.5,
  }
  const handle = await runAgent(
    {
      serverUrl: `http://127.0.0.1:${port}`,
      readToken: () => 'token-1',
      homeFolder: home,
      stateFolder: join(home, '..', 'state'),
      environment: {},
      version: '1.2.3',
      ...(isNameless ? {} : { deviceId: 'dev-1', name: 'Laptop' }),
      signal: stop.signal,
      ...overrides,
    },
    ports,
  )
  return {
    ...handle,
    clock,
    log,
    /** The next line with this message. */
    logged: (message: string) =>
      new Promise<LogLine>((resolve) => {
        waiting.push((line) => {
          if (line.message !== message) return false
          resolve(line)
          return true
        })
      }),
    stop: async () => {
      stop.abort()
      await handle.stopped
    },
  }
}
