import type { Socket } from 'socket.io-client'
import * as z from 'zod/mini'

import { isRecord } from '#protocol/liberal.ts'
import { DEVICE_EVENTS, registerAnswer } from '#protocol/register.ts'

import type { AgentClock } from './ports.ts'

/** Why there is no session, or none any more. */
export type SessionEnd =
  /** The server cannot be reached, does not answer, or the connection broke. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** The server does not want this token or this registration. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Another agent registered under the same device id. */
  | { readonly kind: 'replaced'; readonly reason: string }

/** A registration the server took. */
export type Registered = Extract<z.infer<typeof registerAnswer>, { readonly success: true }>

const ANSWER_TIMEOUT_MS = 10_000
/** The words of a server end up in the log. */
const MAX_REASON = 500

/** Ends an attempt or a session, with the reason for the log. */
export class SessionEnded extends Error {
  override readonly name = 'SessionEnded'
  readonly end: SessionEnd

  constructor(kind: SessionEnd['kind'], reason: string) {
    const text = reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON).toWellFormed()}…` : reason
    super(text)
    this.end = { kind, reason: text }
  }
}

/** One connection to the server, from connecting to its end. */
export class Session {
  readonly #socket: Socket
  readonly #clock: AgentClock
  readonly #onEnd = new Set<(end: SessionEnd) => void>()
  #ended: SessionEnd | null = null

  constructor(socket: Socket, clock: AgentClock) {
    this.#socket = socket
    this.#clock = clock
    socket.on('disconnect', (reason) =>
      this.#finish({ kind: 'lost', reason: `connection closed: ${reason}` }),
    )
  }

  /** @throws SessionEnded `lost` when the server is not there, `refused` when it does not take the token */
  async connect(): Promise<void> {
    await this.#untilEnd<void>((resolve, reject) => {
      this.#socket.once('connect', () => resolve())
      this.#socket.once('connect_error', (error) => reject(toEnd(error)))
      this.#socket.connect()
    })
  }

  /** Resolves when the connection is over. Never rejects. */
  async ended(): Promise<SessionEnd> {
    return this.#ended ?? new Promise((resolve) => this.#onEnd.add(resolve))
  }

  /** @throws SessionEnded `refused` when the server does not take the registration, `lost` when it does not answer */
  async register(payload: object): Promise<Registered> {
    const answer = await this.request(DEVICE_EVENTS.register, payload)
    const parsed = z.safeParse(registerAnswer, answer)
    if (!parsed.success)
      throw new SessionEnded('refused', 'the server answered the registration with something else')
    if ('error' in parsed.data) throw new SessionEnded('refused', parsed.data.error)
    return parsed.data
  }

  /** Sends a heartbeat and learns whether the server still counts this connection. @throws SessionEnded */
  async heartbeat(payload: object): Promise<void> {
    const answer = await this.request(DEVICE_EVENTS.heartbeat, payload)
    const error = isRecord(answer) && typeof answer['error'] === 'string' ? answer['error'] : null
    if (error === 'Stale device connection') throw new SessionEnded('replaced', error)
    if (error === 'Device ID mismatch') throw new SessionEnded('lost', error)
  }

  /** Sends an event and waits for its answer. @throws SessionEnded `lost` when none comes */
  async request(event: string, payload: object): Promise<unknown> {
    let cancel = () => {}
    try {
      return await this.#untilEnd((resolve, reject) => {
        const reason = `the server did not answer ${event} within ${ANSWER_TIMEOUT_MS / 1000} s`
        cancel = this.#clock.after(ANSWER_TIMEOUT_MS, () => reject(new SessionEnded('lost', reason)))
        this.#socket.emit(event, payload, resolve)
      })
    } finally {
      cancel()
    }
  }

  // Not by a promise for the end: every heartbeat would leave something hanging on it, for as long as the session lasts.
  async #untilEnd<T>(start: Start<T>): Promise<T> {
    let onEnd = (_end: SessionEnd) => {}
    try {
      return await new Promise<T>((resolve, reject) => {
        onEnd = ({ kind, reason }) => reject(new SessionEnded(kind, reason))
        if (this.#ended !== null) return onEnd(this.#ended)
        this.#onEnd.add(onEnd)
        start(resolve, reject)
      })
    } finally {
      this.#onEnd.delete(onEnd)
    }
  }

  /** Hands every event of a name to a listener; `reply` sends its answer if the server asked for one. */
  on(event: string, listener: (payload: unknown, reply: (answer: object) => void) => void): void {
    this.#socket.on(event, (payload: unknown, reply?: (answer: object) => void) => {
      listener(payload, (answer) => reply?.(answer))
    })
  }

  close(end: SessionEnd): void {
    this.#finish(end)
    this.#socket.disconnect()
    // A namespace that was refused leaves the connection below it open.
    this.#socket.io.engine?.close()
  }

  #finish(end: SessionEnd): void {
    if (this.#ended !== null) return
    this.#ended = end
    for (const onEnd of this.#onEnd) onEnd(end)
    this.#onEnd.clear()
  }
}

type Start<T> = (resolve: (value: T) => void, reject: (error: SessionEnded) => void) => void

// What the server itself says comes as a plain Error; a TransportError says that it was not reached.
function toEnd(error: Error): SessionEnded {
  if (isTransportError(error)) return new SessionEnded('lost', describeTransport(error))
  return new SessionEnded('refused', error.message)
}

function isTransportError(error: Error): boolean {
  return ('type' in error && error.type === 'TransportError') || error.message === 'timeout'
}

function describeTransport(error: Error): string {
  const description: unknown = 'description' in error ? error.description : undefined
  const inner: unknown = isRecord(description) ? (description['error'] ?? description['message']) : undefined
  if (inner instanceof Error && inner.message !== '') return inner.message
  return typeof inner === 'string' && inner !== '' ? inner : error.message
}
