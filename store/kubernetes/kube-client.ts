import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

import type { Clock } from '#core/clock.ts'
import { type AppError, isAppError } from '#core/errors.ts'
import { sleep } from '#store/sleep.ts'

import type { KubeClient, KubeRequest, RequestFact } from './client.ts'
import type { Connection } from './connection.ts'
import { Deadline } from './deadline.ts'
import { Unanswered, type Wire } from './exchange.ts'
import { networkReason, type Refusal, toFailure, toNoAnswer } from './failure.ts'
import { Lanes } from './lanes.ts'
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

/** What an attempt came to that did not get what it asked for. */
interface Failed {
  readonly failure: AppError
  /** `undefined`: no answer. */
  readonly status: number | undefined
  readonly retryAfter?: string | undefined
  readonly wasSent: boolean
}

/** Names us in the server's audit log, and as the manager of the fields we write. */
const USER_AGENT = 'runtime-config-operator'

/** Speaks HTTP/1.1 over connections that are kept open, one for each watch. */
export class HttpKubeClient implements KubeClient {
  readonly #deps: KubeClientDeps
  readonly #lanes = new Lanes()
  #heardAt = Number.NEGATIVE_INFINITY

  constructor(deps: KubeClientDeps) {
    this.#deps = deps
  }

  get heardAt(): number {
    return this.#heardAt
  }

  request(request: KubeRequest): Promise<unknown> {
    return this.#insist(request, async (deadline) => {
      const wire = this.#lanes.of(describeRequest(request).resource)
      const answer = await readAnswer(await this.#open(wire, request, deadline))
      deadline.clear()
      return { answer, result: answer.body }
    })
  }

  async *stream(request: KubeRequest): AsyncGenerator<string, void, undefined> {
    const { clock } = this.#deps
    const startedAt = clock.monotonic()
    const { response, deadline } = await this.#insist({ ...request, isStream: true }, async (deadline) => {
      const response = await this.#open(this.#lanes.watches, request, deadline)
      const isGiven = isSuccess(response.statusCode ?? 0)
      return {
        answer: isGiven ? toAnswer(response) : await readAnswer(response),
        result: { response, deadline },
      }
    })
    deadline.lift()
    try {
      yield* readLines(response)
    } catch (error) {
      throw asFailure(error, request, deadline)
    } finally {
      // However it ends, the connection is of no use to anybody else.
      deadline.end()
      this.#tell(request, response.statusCode ?? 0, startedAt)
    }
  }

  close(): void {
    this.#lanes.close()
  }

  /** Sends a request until it gets what it asks for, or should no longer try. */
  async #insist<T>(
    request: KubeRequest & { readonly isStream?: boolean },
    send: (deadline: Deadline) => Promise<{ readonly answer: Answer; readonly result: T }>,
  ): Promise<T> {
    const { clock, random } = this.#deps
    const { method, isStream = false, signal = NEVER } = request
    const startedAt = clock.monotonic()
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(request, send)
      if ('result' in outcome) return outcome.result
      const { failure, ...failed } = outcome
      const elapsedMs = clock.monotonic() - startedAt
      const delay = planRetry({ ...failed, method, isStream, attempt, elapsedMs }, random())
      if (signal.aborted || delay === undefined) throw failure
      await sleep(clock, delay, signal)
    }
  }

  async #attempt<T>(
    request: KubeRequest & { readonly isStream?: boolean },
    send: (deadline: Deadline) => Promise<{ readonly answer: Answer; readonly result: T }>,
  ): Promise<{ readonly result: T } | Failed> {
    const startedAt = this.#deps.clock.monotonic()
    const deadline = new Deadline(this.#deps.clock, request)
    let status: number | undefined
    try {
      const { answer, result } = await send(deadline)
      ;({ status } = answer)
      if (isSuccess(status)) {
        this.#heardAt = this.#deps.clock.monotonic()
        return { result }
      }
      return { failure: toFailure(answer, request), status, retryAfter: answer.retryAfter, wasSent: true }
    } catch (error) {
      const wasSent = !(error instanceof Unanswered) || error.wasSent
      return { failure: asFailure(error, request, deadline), status: undefined, wasSent }
    } finally {
      const isRunning = request.isStream === true && isSuccess(status ?? 0)
      if (!isRunning) this.#tell(request, status ?? 0, startedAt)
      if (!isRunning) deadline.clear()
    }
  }

  // A token that was replaced, or a role that was given a moment ago: both look better at once with fresh credentials.
  async #open(wire: Wire, request: KubeRequest, deadline: Deadline): Promise<IncomingMessage> {
    const startedAt = this.#deps.clock.monotonic()
    const response = await this.#send(wire, request, { deadline, isFresh: false })
    const { statusCode = 0 } = response
    if (statusCode !== 401 && statusCode !== 403) return response
    response.resume()
    this.#tell(request, statusCode, startedAt)
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
  return toAnswer(response, parse(body, response.statusCode ?? 0))
}

function toAnswer({ statusCode = 0, headers }: IncomingMessage, body?: unknown): Answer {
  return { status: statusCode, body, retryAfter: headers['retry-after'] }
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
