import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

import type { Clock } from '#core/clock.ts'
import { type AppError, isAppError } from '#core/errors.ts'
import { sleep } from '#store/sleep.ts'

import type { KubeClient, KubeRequest, RequestFact } from './client.ts'
import type { Connection } from './connection.ts'
import { Deadline } from './deadline.ts'
import { Unanswered, Wire } from './exchange.ts'
import { networkReason, type Refusal, toFailure, toNoAnswer } from './failure.ts'
import { readLines } from './lines.ts'
import { describeRequest } from './request-fact.ts'
import { planRetry } from './retry.ts'

export interface KubeClientDeps {
  readonly connection: Connection
  readonly clock: Clock
  /** 0 to 1; for the jitter of repeated requests. */
  readonly random: () => number
  readonly onRequest?: ((fact: RequestFact) => void) | undefined
}

interface Answer extends Refusal {
  readonly retryAfter: string | undefined
}

/** Names us in the server's audit log, and as the manager of the fields we write. */
const USER_AGENT = 'runtime-config-operator'

/** Speaks HTTP/1.1 over connections that are kept open, one for each watch. */
export class HttpKubeClient implements KubeClient {
  readonly #deps: KubeClientDeps
  readonly #requests = new Wire({ isShared: true })
  readonly #streams = new Wire({ isShared: false })

  constructor(deps: KubeClientDeps) {
    this.#deps = deps
  }

  async request(request: KubeRequest): Promise<unknown> {
    const { clock, random } = this.#deps
    const startedAt = clock.monotonic()
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(request)
      if ('answer' in outcome && isSuccess(outcome.answer.status)) return outcome.answer.body
      const failed = {
        method: request.method,
        ...('answer' in outcome
          ? { status: outcome.answer.status, retryAfter: outcome.answer.retryAfter, wasSent: true }
          : { status: undefined, wasSent: outcome.wasSent }),
        attempt,
        elapsedMs: clock.monotonic() - startedAt,
      }
      const delay = request.signal?.aborted ? undefined : planRetry(failed, random())
      if (delay === undefined)
        throw 'answer' in outcome ? toFailure(outcome.answer, request) : outcome.failure
      await sleep(clock, delay, request.signal ?? NEVER)
    }
  }

  async *stream(request: KubeRequest): AsyncGenerator<string, void, undefined> {
    const startedAt = this.#deps.clock.monotonic()
    const deadline = new Deadline(this.#deps.clock, request)
    let code = 0
    try {
      const response = await this.#open(this.#streams, request, deadline)
      code = response.statusCode ?? 0
      if (!isSuccess(code)) throw toFailure(await readAnswer(response), request)
      deadline.lift()
      yield* readLines(response)
    } catch (error) {
      throw asFailure(error, request, deadline)
    } finally {
      // However it ends, the connection is of no use to anybody else.
      deadline.end()
      this.#tell(request, code, startedAt)
    }
  }

  close(): void {
    this.#requests.close()
    this.#streams.close()
  }

  async #attempt(
    request: KubeRequest,
  ): Promise<{ readonly answer: Answer } | { readonly failure: AppError; readonly wasSent: boolean }> {
    const startedAt = this.#deps.clock.monotonic()
    const deadline = new Deadline(this.#deps.clock, request)
    let code = 0
    try {
      const response = await this.#open(this.#requests, request, deadline)
      const answer = await readAnswer(response)
      code = answer.status
      return { answer }
    } catch (error) {
      const wasSent = !(error instanceof Unanswered) || error.wasSent
      return { failure: asFailure(error, request, deadline), wasSent }
    } finally {
      deadline.clear()
      this.#tell(request, code, startedAt)
    }
  }

  // A token that was replaced, or a role that was given a moment ago: both look better at once with fresh credentials.
  async #open(wire: Wire, request: KubeRequest, deadline: Deadline): Promise<IncomingMessage> {
    const response = await this.#send(wire, request, { deadline, isFresh: false })
    if (response.statusCode !== 401 && response.statusCode !== 403) return response
    response.resume()
    return this.#send(wire, request, { deadline, isFresh: true })
  }

  async #send(
    wire: Wire,
    request: KubeRequest,
    { deadline, isFresh }: { readonly deadline: Deadline; readonly isFresh: boolean },
  ): Promise<IncomingMessage> {
    const { connection } = this.#deps
    const credentials = await connection.credentials(isFresh)
    const body = request.body === undefined ? undefined : JSON.stringify(request.body)
    const type = body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }
    return wire.send({
      method: request.method,
      url: toUrl(connection.server, request),
      headers: {
        accept: request.accept ?? 'application/json',
        'user-agent': USER_AGENT,
        ...type,
        ...credentials.headers,
      },
      body,
      credentials,
      signal: deadline.signal,
    })
  }

  #tell(request: KubeRequest, code: number, startedAt: number): void {
    const seconds = (this.#deps.clock.monotonic() - startedAt) / 1000
    this.#deps.onRequest?.({ ...describeRequest(request), code, seconds })
  }
}

const NEVER = new AbortController().signal

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

function toUrl(server: string, { path, query = {} }: KubeRequest): URL {
  const url = new URL(server + path)
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const body = await text(response)
  const status = response.statusCode ?? 0
  return { status, body: parse(body, status), retryAfter: response.headers['retry-after'] }
}

// A refusal may be said by a proxy in HTML; an object may not.
function parse(body: string, status: number): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    if (isSuccess(status)) throw new Error('the answer is not JSON', { cause })
    return undefined
  }
}

function asFailure(error: unknown, request: KubeRequest, deadline: Deadline): AppError {
  if (isAppError(error)) return error
  if (deadline.hasPassed) return toNoAnswer(request, 'the API server did not answer in time')
  return toNoAnswer(request, networkReason(error instanceof Unanswered ? error.cause : error))
}
