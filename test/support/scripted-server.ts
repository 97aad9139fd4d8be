import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { text } from 'node:stream/consumers'

import { TEST_CERTIFICATE } from './test-certificate.ts'

/** Answers one request, or does something worse. */
export type Act = (response: ServerResponse, request: IncomingMessage) => void | Promise<void>

export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A real HTTPS server that does to each request what a test tells it. The last act is repeated. */
export class ScriptedServer {
  readonly requests: SeenRequest[] = []
  readonly #server: Server
  #acts: readonly Act[] = []

  private constructor() {
    this.#server = createServer(TEST_CERTIFICATE, (request, response) => void this.#answer(request, response))
  }

  static async start(...acts: readonly Act[]): Promise<ScriptedServer> {
    const scripted = new ScriptedServer()
    scripted.play(...acts)
    await new Promise<void>((resolve) => scripted.#server.listen(0, '127.0.0.1', resolve))
    return scripted
  }

  get url(): string {
    const address = this.#server.address()
    if (typeof address !== 'object' || address === null) throw new Error('the server does not listen')
    return `https://127.0.0.1:${address.port}`
  }

  play(...acts: readonly Act[]): void {
    this.#acts = acts
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [act = says(500), ...rest] = this.#acts
    if (rest.length > 0) this.#acts = rest
    const { method = '', url = '', headers } = request
    const body = await text(request)
    this.requests.push({ method, url, headers, body })
    await act(response, request)
  }
}

/** Answers with a status and a JSON body. */
export function says(
  status: number,
  body: unknown = {},
  headers: Readonly<Record<string, string>> = {},
): Act {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
}

/** Answers with what is no JSON, as a proxy in between does. */
export function saysHtml(status: number): Act {
  return (response) => {
    response.writeHead(status, { 'content-type': 'text/html' })
    response.end('<html>upstream error</html>')
  }
}

/** Breaks the connection without an answer. */
export const resets: Act = (_response, request) => void request.socket.destroy()

/** Says nothing and holds the connection. */
export const stalls: Act = () => undefined

/** Begins to stream and writes what it is given; `then` decides how it goes on. */
export function streams(written: string, then: Act = (response) => void response.end()): Act {
  return async (response, request) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    await new Promise<void>((resolve) => response.write(written, () => resolve()))
    await then(response, request)
  }
}
