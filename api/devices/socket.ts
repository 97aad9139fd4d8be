import type { Server as HttpServer } from 'node:http'

import { type Namespace, Server, type ServerOptions, type Socket } from 'socket.io'

import type { Principal } from '#api/principal.ts'
import type { Clock } from '#core/clock.ts'
import { DEVICE_NAMESPACE } from '#protocol/register.ts'

import type { Admission } from './admission.ts'
import { type DeviceLimits, spend } from './limits.ts'
import type { DeviceMetrics } from './metrics.ts'
import { cut, forgetHandshake, forgetRequest, limitFrames, type RawSocket } from './socket-internals.ts'

type Next = (error?: Error) => void

interface SocketOptions {
  readonly httpServer: HttpServer
  readonly admission: Admission
  readonly clock: Clock
  readonly limits: DeviceLimits
  readonly metrics: DeviceMetrics
  readonly onJoin: (socket: Socket, principal: Principal) => void
}

/** Opens the Socket.IO server on an HTTP server, and hands over each socket that may join. */
export function openSockets(options: SocketOptions): Server {
  const { httpServer, limits } = options
  const io: Server = new Server(httpServer, {
    ...serverOptions(limits),
    allowRequest: (_request, decide) => decide(null, io.engine.clientsCount < limits.connections),
  })
  io.engine.on('connection', (raw: RawSocket) => bound(raw, options))
  // Socket.IO has a namespace `/` that anybody may join.
  io.of('/').use((socket, next) => refuse(socket, next, 'Invalid namespace'))
  guard(io.of(DEVICE_NAMESPACE), options)
  return io
}

/** How long a client may take to answer a goodbye before its connection is cut. */
const GOODBYE_MS = 1000

/**
 * Says goodbye to every socket.
 *
 * The transport is closed, and no DISCONNECT is sent: after one of those, Socket.IO clients do not connect again.
 */
export function closeSockets(io: Server, clock: Clock): void {
  const raws = [...io.of(DEVICE_NAMESPACE).sockets.values()].map((socket) => socket.conn)
  io.engine.close()
  clock.after(GOODBYE_MS, () => raws.forEach(cut))
}

function serverOptions(limits: DeviceLimits): Partial<ServerOptions> {
  return {
    path: '/socket.io/',
    // Polling would need one replica to get all requests of a device.
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    connectTimeout: limits.connectTimeoutMs,
    pingInterval: limits.pingIntervalMs,
    pingTimeout: limits.pingTimeoutMs,
    maxHttpBufferSize: limits.frameBytes,
  }
}

function guard(namespace: Namespace, options: SocketOptions): void {
  const principals = new WeakMap<Socket, Principal>()
  const tried = new WeakSet<RawSocket>()
  const admit = async (socket: Socket, next: Next) => {
    const admitted = await options.admission.admit(socket)
    if (typeof admitted === 'string') return refuse(socket, next, admitted)
    principals.set(socket, admitted)
    next()
  }
  namespace.use((socket, next) => {
    // A client may send further CONNECTs while the first is looked at; each would cost a look.
    if (tried.has(socket.conn)) return refuse(socket, next, 'already connecting')
    tried.add(socket.conn)
    void admit(socket, next)
  })
  namespace.on('connection', (socket) => {
    const principal = principals.get(socket)
    if (principal === undefined) return
    principals.delete(socket)
    forgetHandshake(socket)
    limitFrames(socket.conn, options.limits.quietFrameBytes)
    options.onJoin(socket, principal)
  })
}

// A refused executor never closes by itself. CONNECT_ERROR is written in the tick after `next`, so closing waits for it.
function refuse(socket: Socket, next: Next, reason: string): void {
  next(new Error(reason))
  setImmediate(() => socket.conn.close())
}

function bound(raw: RawSocket, { clock, limits, metrics }: SocketOptions): void {
  forgetRequest(raw)
  limitFrames(raw, limits.firstFrameBytes)
  let state = 0
  // A frame may be one character, the type of the packet, and carry nothing.
  raw.on('data', (frame?: string | Buffer) => {
    if (isBinary(frame)) {
      metrics.countRefused('binary')
      return cut(raw)
    }
    const use = { nowMs: clock.monotonic(), cost: frame?.length ?? 0 }
    const next = spend(limits.bytesPerDevice, state, use)
    if (next === null) {
      metrics.countRefused('bytes')
      cut(raw)
    } else {
      state = next
    }
  })
}

/** Types of Socket.IO packets that announce attachments. */
const BINARY_EVENT = '5'
const BINARY_ACK = '6'

// No device has a use for them, and what was announced is held until all attachments are there, which may be never.
function isBinary(frame: string | Buffer | undefined): boolean {
  if (frame === undefined) return false
  return typeof frame !== 'string' || frame.startsWith(BINARY_EVENT) || frame.startsWith(BINARY_ACK)
}
