import type { Socket } from 'node:net'

import { ProbeFailure } from './probe-failure.ts'
import { SocketReader } from './socket-reader.ts'

/** Where a proxy is asked to connect to, and as whom. */
export interface TunnelRequest {
  readonly host: string
  readonly port: number
  /** Decoded; `null`: the proxy URL names nobody. */
  readonly credentials: { readonly username: string; readonly password: string } | null
}

/** Whether our name and password were taken; `null`: nobody asked for them. */
export type Authentication = boolean | null

const MAX_HEADER_BYTES = 65_536

/** Asks an HTTP proxy for a tunnel. @throws ProbeFailure */
export async function openHttpTunnel(socket: Socket, request: TunnelRequest): Promise<Authentication> {
  const reader = new SocketReader(socket)
  socket.write(connectRequest(request))
  const head = await reader.readUntil('\r\n\r\n', MAX_HEADER_BYTES).catch(() => null)
  reader.release()
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head?.toString('latin1') ?? '')?.[1] ?? 0)
  if (status >= 200 && status < 300) return request.credentials === null ? null : true
  if (status === 407) throw refusedLogin('the proxy wants another user name or password (407)')
  const why = status === 0 ? 'does not speak HTTP' : `answered ${status}`
  throw refusedConnect(`the proxy ${why} when asked to connect`)
}

function connectRequest({ host, port, credentials }: TunnelRequest): string {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`]
  if (credentials !== null) {
    const login = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')
    lines.push(`Proxy-Authorization: Basic ${login}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

const SOCKS = { version: 5, noLogin: 0, login: 2, connect: 1, domain: 3, ipv4: 1 } as const

/** Asks a SOCKS5 proxy for a tunnel (RFC 1928, RFC 1929). @throws ProbeFailure */
export async function openSocksTunnel(socket: Socket, request: TunnelRequest): Promise<Authentication> {
  const reader = new SocketReader(socket)
  try {
    const isAuthenticated = await greet(socket, reader, request.credentials)
    const name = Buffer.from(request.host)
    const port = Buffer.from([request.port >> 8, request.port & 255])
    const command = Buffer.from([SOCKS.version, SOCKS.connect, 0, SOCKS.domain, name.length])
    socket.write(Buffer.concat([command, name, port]))
    await readSocksReply(reader)
    return isAuthenticated
  } catch (error) {
    if (error instanceof ProbeFailure) throw error
    throw refusedConnect('the proxy closed the connection during the SOCKS5 handshake')
  } finally {
    reader.release()
  }
}

type Credentials = TunnelRequest['credentials']

async function greet(socket: Socket, reader: SocketReader, credentials: Credentials) {
  const methods = credentials === null ? [SOCKS.noLogin] : [SOCKS.noLogin, SOCKS.login]
  socket.write(Buffer.from([SOCKS.version, methods.length, ...methods]))
  const [version, method] = await reader.read(2)
  if (version !== SOCKS.version) throw refusedConnect('the proxy does not speak SOCKS5')
  if (method === SOCKS.noLogin) return null
  if (method !== SOCKS.login || credentials === null)
    throw refusedLogin('the proxy wants another way to log in')
  const [username, password] = [Buffer.from(credentials.username), Buffer.from(credentials.password)]
  if (username.length > 255 || password.length > 255) {
    throw refusedLogin('user name or password is too long for SOCKS5')
  }
  socket.write(
    Buffer.concat([Buffer.from([1, username.length]), username, Buffer.from([password.length]), password]),
  )
  const [, status] = await reader.read(2)
  if (status !== 0) throw refusedLogin('the proxy wants another user name or password')
  return true
}

const SOCKS_ERRORS = [
  '',
  'general failure',
  'not allowed by its rules',
  'network unreachable',
  'host unreachable',
  'connection refused',
  'timed out',
  'command not supported',
  'kind of address not supported',
]

async function readSocksReply(reader: SocketReader): Promise<void> {
  const [, status = 1, , kind] = await reader.read(4)
  if (status !== 0) {
    throw refusedConnect(`the proxy could not connect: ${SOCKS_ERRORS[status] ?? 'unknown reason'}`)
  }
  const [domainLength = 0] = kind === SOCKS.domain ? await reader.read(1) : []
  const addressLength = kind === SOCKS.domain ? domainLength : kind === SOCKS.ipv4 ? 4 : 16
  await reader.read(addressLength + 2)
}

function refusedLogin(message: string): ProbeFailure {
  return new ProbeFailure(message, { isReachable: true, isConnectAccepted: false, isAuthenticated: false })
}

function refusedConnect(message: string): ProbeFailure {
  return new ProbeFailure(message, { isReachable: true, isConnectAccepted: false })
}
