import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

import type { Clock } from '#core/clock.ts'

/** One HTTP request to a peer. */
export interface ExchangeRequest {
  readonly url: URL
  readonly token: string
  readonly body: string
  /** For all of it, ms. */
  readonly timeoutMs: number
}

/** What came back, or why nothing did. */
export type Exchanged =
  | { readonly status: number; readonly text: string }
  /** It never arrived there. */
  | { readonly status: null; readonly reason: 'unreachable' }
  /** It may have arrived, and been acted on. */
  | { readonly status: null; readonly reason: 'broken' | 'timeout' }

/** Sends requests over connections that are kept. */
export interface Exchange {
  send(request: ExchangeRequest): Promise<Exchanged>
  /** Cuts everything that is open. */
  close(): void
}

const CONNECT_MS = 5_000
/** Each command in hand holds a connection for as long as its device takes. */
const MAX_SOCKETS = 512
const MAX_FREE_SOCKETS = 16

/** Sealed, the largest answer is 4 MiB in base64. */
const MAX_ANSWER_BYTES = 6_291_456

/** Makes the sender. */
export function createExchange(clock: Clock): Exchange {
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_FREE_SOCKETS }
  const agents = { http: new HttpAgent(options), https: new HttpsAgent(options) }
  const attempt = (request: ExchangeRequest) =>
    new Attempt(open(request, agents), clock).run(request.body, request.timeoutMs)
  return {
    send: async (request) => {
      const first = await attempt(request)
      if (first !== 'stale') return first
      // A kept connection was closed by the other side, most likely a moment ago; a message that arrived all the same is not
      // acted on twice. Without an answer now, nobody knows whether the first one arrived.
      const second = await attempt(request)
      return second !== 'stale' && second.status === 200 ? second : { status: null, reason: 'broken' }
    },
    close: () => {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

function open({ url, token, body }: ExchangeRequest, agents: Agents): ClientRequest {
  const headers = {
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  }
  const request =
    url.protocol === 'https:'
      ? httpsRequest(url, { method: 'POST', agent: agents.https })
      : httpRequest(url, { method: 'POST', agent: agents.http })
  // Not among the options: under NODE_DEBUG=net or https, Node prints those of each new connection, the token included.
  for (const [name, value] of Object.entries(headers)) request.setHeader(name, value)
  return request
}

/** One request on one connection. The first thing that ends it counts. */
class Attempt {
  readonly #request: ClientRequest
  readonly #clock: Clock
  readonly #ended = Promise.withResolvers<Exchanged | 'stale'>()
  #isConnected = false
  #isAnswered = false
  #isLate = false

  constructor(request: ClientRequest, clock: Clock) {
    this.#request = request
    this.#clock = clock
  }

  async run(body: string, timeoutMs: number): Promise<Exchanged | 'stale'> {
    const cancels = [this.#clock.after(timeoutMs, () => this.#giveUp())]
    this.#request.once('socket', (socket) => {
      if (!socket.connecting) return this.#connected()
      const cancel = this.#clock.after(CONNECT_MS, () => this.#giveUp())
      cancels.push(cancel)
      socket.once('connect', () => {
        cancel()
        this.#connected()
      })
    })
    this.#request.once('response', (answer) => void this.#read(answer))
    this.#request.on('error', () => this.#fail())
    this.#request.end(body)
    const outcome = await this.#ended.promise
    for (const cancel of cancels) cancel()
    return outcome
  }

  #connected(): void {
    this.#isConnected = true
  }

  #giveUp(): void {
    this.#isLate = true
    this.#request.destroy(new Error('the peer took too long'))
    this.#fail()
  }

  async #read(answer: IncomingMessage): Promise<void> {
    this.#isAnswered = true
    try {
      const text = await collect(answer)
      this.#ended.resolve({ status: answer.statusCode ?? 0, text })
    } catch {
      this.#fail()
    }
  }

  #fail(): void {
    this.#ended.resolve(this.#failure())
  }

  #failure(): Exchanged | 'stale' {
    if (!this.#isConnected) return { status: null, reason: 'unreachable' }
    if (this.#isLate) return { status: null, reason: 'timeout' }
    const isStale = this.#request.reusedSocket && !this.#isAnswered
    return isStale ? 'stale' : { status: null, reason: 'broken' }
  }
}

async function collect(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer) {
    const bytes: Buffer = chunk
    size += bytes.length
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer of the peer is too long')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}
