import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'

import { configureHttpServer, HTTP_SERVER_OPTIONS } from '#api/http-server.ts'
import { toProblem } from '#api/problem.ts'
import { AppError } from '#core/errors.ts'
import { PROBLEM_TYPE } from '#protocol/problem.ts'

/** Where a server listens. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** An HTTP server that answers from its first moment, until it is opened with: not yet. */
export interface FrontDoor {
  readonly server: Server
  /** `http://host:port`. */
  readonly address: string
  /** Hands everything that comes from now on over. To be called once. */
  open(app: RequestListener): void
  /** Takes nothing more; what is in hand goes on. Safe to call twice. */
  close(): void
  /** After `close`: resolves when requests in hand are answered, or were cut off after 5 s. */
  drain(): Promise<void>
}

const DRAIN_MS = 5000
const SWEEP_MS = 20

/**
 * Listens. `flag` names the setting in the refusal.
 *
 * @throws AppError `SETTING_INVALID` when the address is taken or not of this machine
 */
export async function openFrontDoor(address: Address, flag = '--listen'): Promise<FrontDoor> {
  const server = createServer(HTTP_SERVER_OPTIONS, notYet)
  configureHttpServer(server)
  const bound = await listen(server, address, flag)
  const closed = once(server, 'close')
  return {
    server,
    address: bound,
    open: (app) => {
      server.off('request', notYet)
      server.on('request', app)
    },
    close: () => {
      server.close()
      server.closeIdleConnections()
    },
    drain: () => drain(server, closed),
  }
}

/** A process that waits for its store is alive, and has nothing to say yet. */
const notYet: RequestListener = ({ url }, response) => {
  if (url === '/livez' || url === '/api/livez') {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ status: 'ok', checks: [] }))
    return
  }
  const problem = toProblem(
    new AppError(
      'STORE_UNAVAILABLE',
      'the server is starting and waits for its store; try again in a moment',
    ),
  )
  response.writeHead(503, { 'content-type': PROBLEM_TYPE, 'retry-after': '1', 'cache-control': 'no-store' })
  response.end(JSON.stringify(problem))
}

async function drain(server: Server, closed: Promise<unknown>): Promise<void> {
  // A connection that is kept alive after its answer would hold the server open.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
}

async function listen(server: Server, { host, port }: Address, flag: string): Promise<string> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new AppError(
      'SETTING_INVALID',
      `expected ${host}:${port} to be a free address of this machine; name another with ${flag}`,
      { cause },
    )
  }
  const bound = server.address()
  const actual = bound !== null && typeof bound === 'object' ? bound.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${actual}`
}
