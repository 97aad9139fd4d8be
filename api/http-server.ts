import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

import { AppError, type ErrorCode } from '#core/errors.ts'

import { toProblem } from './problem.ts'

/** How long a client may take, in ms. */
export interface HttpTimeouts {
  /** Until the headers are complete. */
  readonly headersMs: number
  /** Until the body is complete. */
  readonly requestMs: number
  /** Between two requests on one connection. */
  readonly keepAliveMs: number
}

/** Slow enough for a phone on a train, too fast for a slow-loris. */
export const DEFAULT_HTTP_TIMEOUTS: HttpTimeouts = {
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 75_000,
}

/** What to hand to `http.createServer`: what can only be set there. */
export const HTTP_SERVER_OPTIONS = {
  maxHeaderSize: 16_384,
  // How often the time-outs are looked at; node's own 30 s would triple the shortest of them.
  connectionsCheckingInterval: 2000,
  // Node would refuse a request without a host by itself, with an empty answer; the app does it with a problem.
  requireHostHeader: false,
  // Clients that would rather speak HTTP/2 offer it with a plain request; taken as an upgrade, it would get no answer at all.
  shouldUpgradeCallback: (request) => request.url?.startsWith('/socket.io/') === true,
} as const satisfies ServerOptions

/**
 * Bounds what a connection may cost, and answers with a problem what never becomes a request: broken HTTP, too many or too
 * large headers, a request that takes too long, an expectation other than `100-continue`.
 */
export function configureHttpServer(server: Server, timeouts: HttpTimeouts = DEFAULT_HTTP_TIMEOUTS): void {
  server.headersTimeout = timeouts.headersMs
  server.requestTimeout = timeouts.requestMs
  server.keepAliveTimeout = timeouts.keepAliveMs
  server.maxHeadersCount = 100
  server.on('clientError', answerClientError)
  server.on('checkExpectation', answerExpectation)
}

const STATUS_LINES = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
} as const

const DETAILS = {
  HPE_HEADER_OVERFLOW: 'request headers are too large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request took too long to arrive',
} as const

function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const known = Object.entries(STATUS_LINES).find(([code]) => code === error.code)
  const line = known?.[1] ?? '400 Bad Request'
  const detail =
    Object.entries(DETAILS).find(([code]) => code === error.code)?.[1] ?? 'request is not valid HTTP'
  const text = problemText('REQUEST_MALFORMED', detail, Number.parseInt(line, 10))
  socket.end(
    `HTTP/1.1 ${line}\r\nContent-Type: application/problem+json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\n` +
      `Connection: close\r\n\r\n${text}`,
  )
}

function answerExpectation(req: IncomingMessage, res: ServerResponse): void {
  const text = problemText('REQUEST_MALFORMED', 'the only expectation that can be met is 100-continue', 417)
  res.writeHead(417, {
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  })
  res.end(text)
  req.resume()
}

function problemText(code: ErrorCode, detail: string, status: number): string {
  return JSON.stringify({ ...toProblem(new AppError(code, detail)), status })
}
