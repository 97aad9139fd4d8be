import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

import type { ProbeAnswer } from '#protocol/command-answer.ts'

import { badRequest, describeSystemError } from './command-failure.ts'
import { ProbeFailure } from './probe-failure.ts'
import { openHttpTunnel, openSocksTunnel, type TunnelRequest } from './tunnel.ts'

/** What is tried. */
export interface ProbeRequest {
  /** Never printed: it may hold a password. */
  readonly proxyUrl: string
  /** An `http:` or `https:` address to reach through the proxy; with `https:` its certificate is checked too. */
  readonly targetUrl: string
  /** Ends the try; what was found until then is the answer. */
  readonly signal: AbortSignal
}

const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['http:', 80],
  ['https:', 443],
  ['socks5:', 1080],
])

const NOTHING_FOUND: ProbeAnswer = {
  isReachable: false,
  isConnectAccepted: null,
  isAuthenticated: null,
  isTlsIntact: null,
  message: '',
}

/**
 * Tries a proxy from this device: is it there, does it let us in, does it connect, is TLS through it left alone.
 *
 * Whatever the proxy does is the answer and nothing is thrown for it. The answer holds neither address nor password.
 *
 * @throws CommandFailure when one of the addresses cannot be used
 */
export async function probeProxy({ proxyUrl, targetUrl, signal }: ProbeRequest): Promise<ProbeAnswer> {
  const proxy = parseUrl(proxyUrl, ['http:', 'https:', 'socks5:'], 'proxy URL')
  const target = parseUrl(targetUrl, ['http:', 'https:'], 'address to try through the proxy')
  try {
    return { ...NOTHING_FOUND, ...(await tryProxy(proxy, target, signal)) }
  } catch (error) {
    if (!(error instanceof ProbeFailure)) throw error
    return { ...NOTHING_FOUND, ...error.found, message: error.message }
  }
}

async function tryProxy(proxy: URL, target: URL, signal: AbortSignal): Promise<Partial<ProbeAnswer>> {
  const socket = await connectProxy(proxy, signal)
  const abort = () => socket.destroy()
  signal.addEventListener('abort', abort)
  try {
    const request = toTunnelRequest(proxy, target)
    const open = proxy.protocol === 'socks5:' ? openSocksTunnel : openHttpTunnel
    const isAuthenticated = await open(socket, request)
    const found = { isReachable: true, isConnectAccepted: true, isAuthenticated }
    if (target.protocol === 'http:') return { ...found, message: 'the proxy connects; TLS was not tried' }
    return { ...found, ...(await tryTls(socket, request.host)) }
  } finally {
    signal.removeEventListener('abort', abort)
    socket.destroy()
  }
}

function toTunnelRequest(proxy: URL, target: URL): TunnelRequest {
  const { username, password } = proxy
  const credentials =
    username === '' && password === '' ? null : { username: decode(username), password: decode(password) }
  return { host: hostOf(target), port: portOf(target), credentials }
}

async function connectProxy(proxy: URL, signal: AbortSignal): Promise<Socket> {
  const address = { host: hostOf(proxy), port: portOf(proxy) }
  const isTls = proxy.protocol === 'https:'
  const socket = isTls ? connectTls({ ...address, ...serverName(address.host) }) : connectTcp(address)
  const outcome = await settled(socket, isTls ? 'secureConnect' : 'connect', signal)
  if (outcome === null) return socket
  socket.destroy()
  const why = isCertificateError(outcome)
    ? `its certificate is not trusted (${codeOf(outcome)})`
    : reasonOf(outcome)
  throw new ProbeFailure(`cannot reach the proxy: ${why}`, { isReachable: false })
}

async function tryTls(tunnel: Socket, host: string): Promise<Partial<ProbeAnswer>> {
  const socket = connectTls({ socket: tunnel, ...serverName(host) })
  const outcome = await settled(socket, 'secureConnect')
  socket.destroy()
  if (outcome === null) return { isTlsIntact: true, message: 'the proxy connects and leaves TLS alone' }
  if (isCertificateError(outcome)) {
    const message = `the certificate seen through the proxy is not trusted (${codeOf(outcome)}): something opens TLS on the way`
    return { isTlsIntact: false, message }
  }
  return { message: `TLS through the proxy failed: ${reasonOf(outcome)}` }
}

/** Waits for a socket to be ready; gives what went wrong, or `null`. */
function settled(socket: Socket, ready: string, signal?: AbortSignal): Promise<Error | null> {
  return new Promise((resolve) => {
    // Stays for good: an error after the answer must not end the process.
    socket.on('error', resolve)
    socket.once('close', () => resolve(new Error('the connection was closed')))
    socket.once(ready, () => resolve(null))
    const abort = () => resolve(new Error('no answer in time'))
    signal?.addEventListener('abort', abort, { once: true })
    if (signal?.aborted === true) abort()
  })
}

// A name is sent so that a server with many certificates picks the right one; an address is not a name.
function serverName(host: string) {
  return isIP(host) === 0 ? { servername: host } : { host }
}

function isCertificateError(error: Error): boolean {
  return /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH)/.test(
    codeOf(error),
  )
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

// Node's own messages name the address, which is part of the person's proxy URL.
function reasonOf(error: Error): string {
  if ('errno' in error && typeof error.errno === 'number') return describeSystemError(error)
  return codeOf(error) === '' ? error.message : codeOf(error)
}

function parseUrl(text: string, protocols: readonly string[], what: string): URL {
  const url = URL.parse(text.trim())
  if (url === null || !protocols.includes(url.protocol) || url.hostname === '') {
    throw badRequest(
      `${what} must start with ${protocols.map((name) => `${name}//`).join(', ')} and name a host`,
    )
  }
  return url
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

function portOf(url: URL): number {
  return url.port === '' ? (DEFAULT_PORTS.get(url.protocol) ?? 0) : Number(url.port)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
