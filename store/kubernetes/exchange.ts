import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'

import type { Credentials } from './connection.ts'

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly credentials: Credentials
  readonly signal: AbortSignal
}

/** A connection that failed before the answer began. */
export class Unanswered extends Error {
  /** Whether the server can have seen the request. */
  readonly wasSent: boolean

  constructor(cause: unknown, wasSent: boolean) {
    super('no answer came', { cause })
    this.wasSent = wasSent
  }
}

const FREE_SOCKETS = 8
const KEEP_ALIVE = { keepAlive: true, keepAliveMsecs: 30_000, maxFreeSockets: FREE_SOCKETS }

/** Keeps connections to one server open between requests. */
export class Wire {
  readonly #agents: Readonly<Record<'http:' | 'https:', HttpAgent | HttpsAgent>>
  /** Those whose handshake is over: what is written to one is on its way. */
  readonly #open = new WeakSet<Socket>()

  /** A request beyond `maxSockets` waits for a connection. */
  constructor({ maxSockets }: { readonly maxSockets: number }) {
    const options = { ...KEEP_ALIVE, maxSockets }
    this.#agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(options) }
  }

  /** Sends a request and resolves when the answer begins. Rejects with {@link Unanswered}. */
  send({ method, url, headers, body, credentials, signal }: WireRequest): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const isPlain = url.protocol === 'http:'
    const agent = credentials.agent ?? this.#agents[isPlain ? 'http:' : 'https:']
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const options = { ...credentials.tls, method, agent, signal }
    const outgoing = isPlain ? requestHttp(url, options) : requestHttps(url, options)
    // Not among the options: under NODE_DEBUG=net or https, Node prints those of each new connection, and a token is in here.
    for (const [name, value] of Object.entries({ ...headers, ...length })) outgoing.setHeader(name, value)
    // How another's agent connects is not known: what may have been sent counts as sent.
    let wasSent = credentials.agent !== undefined
    outgoing.once('socket', (socket) => {
      // The connection of an earlier request takes this one along at once; a new one has to be made first.
      wasSent ||= this.#open.has(socket)
      if (wasSent) return
      socket.once(isPlain ? 'connect' : 'secureConnect', () => {
        this.#open.add(socket)
        wasSent = true
      })
    })
    outgoing.once('response', resolve)
    outgoing.on('error', (cause) => reject(new Unanswered(cause, wasSent)))
    outgoing.end(body)
    return promise
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }
}
