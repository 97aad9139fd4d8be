import type { Socket } from 'socket.io'

/** The Engine.IO socket below a Socket.IO one. */
export type RawSocket = Socket['conn']

/**
 * Forgets what Socket.IO keeps of the request that opened a socket.
 *
 * It is a few kilobytes a device, and the handshake holds the token as it came.
 */
export function forgetHandshake(socket: Socket): void {
  Reflect.set(socket, 'handshake', NO_HANDSHAKE)
}

/** Forgets the HTTP request below a socket; see "memory usage" in the documentation of Socket.IO. */
export function forgetRequest(raw: RawSocket): void {
  Reflect.set(raw, 'request', null)
}

/**
 * Sets the largest frame a socket may send from now on; a larger one closes it before it is read.
 *
 * The option of the server is one for all, and somebody who has not shown a token needs far less than somebody who answers a
 * command. The field is private to `ws`; a test fails when it moves.
 */
export function limitFrames(raw: RawSocket, bytes: number): void {
  const receiver = field(field(raw.transport, 'socket'), '_receiver')
  if (typeof receiver === 'object' && receiver !== null) Reflect.set(receiver, '_maxPayload', bytes)
}

/** How many packets wait because the other side does not read. */
export function backlogOf(raw: RawSocket): number {
  const waiting = field(raw, 'writeBuffer')
  return Array.isArray(waiting) ? waiting.length : 0
}

/** Cuts a connection without waiting for the other side to agree. Safe on one that is closed. */
export function cut(raw: RawSocket): void {
  const socket = field(raw.transport, 'socket')
  const terminate = field(socket, 'terminate')
  if (typeof terminate === 'function') terminate.call(socket)
}

const NO_HANDSHAKE = Object.freeze({ headers: {}, auth: {}, query: {} })

function field(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined
}
