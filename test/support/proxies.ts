import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

import { TEST_CERTIFICATE } from './test-certificate.ts'

/** A server on a free port of this machine, with the port. */
export interface Listening extends AsyncDisposable {
  readonly port: number
}

/** Listens on a free port until the test is over. */
export async function listen(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A server that speaks TLS with the test certificate. */
export function aTlsServer(): Promise<Listening> {
  return listen(createTlsServer({ ...TEST_CERTIFICATE }, (socket) => void socket.on('error', () => {})))
}

/** A proxy that answers a CONNECT with whatever a test says, and connects if it said 200. */
export function anHttpProxy(answer: (head: string) => string): Promise<Listening> {
  return listen(createServer((socket) => serveHttp(socket, answer)))
}

/** The same, itself reached over TLS. */
export function anHttpsProxy(answer: (head: string) => string): Promise<Listening> {
  return listen(createTlsServer({ ...TEST_CERTIFICATE }, (socket) => serveHttp(socket, answer)))
}

function serveHttp(socket: Socket, answer: (head: string) => string): void {
  socket.on('error', () => {})
  socket.once('data', (chunk) => {
    const head = chunk.toString('latin1')
    const said = answer(head)
    socket.write(said)
    const port = Number(/^CONNECT \S+:(\d+) /.exec(head)?.[1])
    if (said.startsWith('HTTP/1.1 200')) join(socket, port)
  })
}

interface SocksOptions {
  /** `name:password` it wants; absent: none. */
  readonly login?: string
  /** What it answers to the command; 0 connects. */
  readonly reply?: number
}

/** A SOCKS5 proxy that answers byte by byte, as networks may deliver it. */
export function aSocksProxy(options: SocksOptions): Promise<Listening> {
  return listen(createServer({ noDelay: true }, (socket) => void serveSocks(socket, options)))
}

async function serveSocks(socket: Socket, { login, reply = 0 }: SocksOptions): Promise<void> {
  socket.on('error', () => {})
  const next = async () => ((await once(socket, 'data')) as [Buffer])[0]
  const methods = (await next()).subarray(2)
  const method = login === undefined ? 0 : 2
  if (!methods.includes(method)) return void socket.end(Buffer.from([5, 255]))
  socket.write(Buffer.from([5, method]))
  if (login !== undefined) {
    const isRight = await isLogin(await next(), login)
    socket.write(Buffer.from([1, isRight ? 0 : 1]))
    if (!isRight) return void socket.end()
  }
  const command = await next()
  for (const byte of [5, reply, 0, 1, 0, 0, 0, 0, 0, 0]) socket.write(Buffer.from([byte]))
  if (reply === 0) join(socket, command.readUInt16BE(command.length - 2))
}

async function isLogin(message: Buffer, login: string): Promise<boolean> {
  const nameLength = message[1] ?? 0
  const name = message.subarray(2, 2 + nameLength)
  return `${name.toString()}:${message.subarray(3 + nameLength).toString()}` === login
}

function join(socket: Socket, port: number): void {
  const target = connect(port, '127.0.0.1')
  target.on('error', () => socket.destroy())
  socket.on('close', () => target.destroy())
  socket.pipe(target).pipe(socket)
}
