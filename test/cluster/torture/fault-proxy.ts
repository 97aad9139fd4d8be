import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request as ask, type RequestOptions, type Server } from 'node:https'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

import { TEST_CERTIFICATE } from '#test/support/test-certificate.ts'

import { cutAnswer } from './cut-answer.ts'
import { type Fault, type FaultName, nameOf, type Verb } from './faults.ts'

/** A proxy between a client and a real API server. */
export interface FaultProxy {
  /** As the one that was given, only that it leads through here. */
  readonly kubeconfig: string
  /** Requests so far by `verb resource`. */
  readonly requests: ReadonlyMap<string, number>
  readonly faults: ReadonlyMap<FaultName, number>
  /** From now on: what becomes of each request; `undefined` lets everything through. What stalls goes on stalling. */
  inject(plan: ((verb: Verb) => Fault) | undefined): void
  /** Resets every connection there is. */
  resetAll(): void
  close(): Promise<void>
}

/** The bare connections by the client's port: TLS over them cannot be reset. */
function keepSockets(server: Server): ReadonlyMap<number | undefined, Socket> {
  const sockets = new Map<number | undefined, Socket>()
  server.on('connection', (socket: Socket) => {
    const port = socket.remotePort
    sockets.set(port, socket)
    socket.once('close', () => sockets.delete(port)).on('error', () => socket.destroy())
  })
  server.on('tlsClientError', () => undefined)
  return sockets
}

/** What this proxy reads of a kubeconfig that `startApiServer` wrote. */
interface Upstream {
  readonly url: URL
  readonly ca: Buffer
}

/** Starts a proxy that ends TLS itself, with a certificate that only its own kubeconfig trusts. */
export async function startFaultProxy(kubeconfig: string): Promise<FaultProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-faults-'))
  const upstream = await readUpstream(kubeconfig)
  const agent = new Agent({ keepAlive: true, ca: upstream.ca })
  const requests = new Map<string, number>()
  const faults = new Map<FaultName, number>()
  let plan: ((verb: Verb) => Fault) | undefined
  const server = createServer({ ...TEST_CERTIFICATE, keepAliveTimeout: 60_000 }, (incoming, answer) => {
    const { verb, resource } = describe(incoming)
    bump(requests, `${verb} ${resource}`)
    const fault = plan?.(verb) ?? { type: 'none' }
    if (fault.type !== 'none') bump(faults, nameOf(fault))
    const reset = () => void sockets.get(incoming.socket.remotePort)?.resetAndDestroy()
    void apply({ fault, incoming, answer, reset, forward: { upstream, agent } })
  })
  const sockets = keepSockets(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    kubeconfig: await writeKubeconfig(kubeconfig, { folder, port: portOf(server.address()) }),
    requests,
    faults,
    inject: (next) => (plan = next),
    resetAll: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    async close() {
      sockets.forEach((socket) => socket.destroy())
      server.close()
      agent.destroy()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface Exchange {
  readonly fault: Fault
  readonly incoming: IncomingMessage
  readonly answer: ServerResponse
  readonly reset: () => void
  readonly forward: { readonly upstream: Upstream; readonly agent: Agent }
}

async function apply(exchange: Exchange): Promise<void> {
  const { fault, incoming, answer } = exchange
  switch (fault.type) {
    case 'reset':
      return exchange.reset()
    case 'stall':
      return void incoming.resume()
    case 'status':
      incoming.resume()
      return refuse(answer, fault)
    case 'expired':
      incoming.resume()
      return expire(answer)
    case 'delay':
      await pause(fault.delayMs)
      return pass(exchange)
    default:
      return pass(exchange)
  }
}

/** The answer as the server gives it, or the beginning of it. */
function pass({ fault, incoming, answer, reset, forward: { upstream, agent } }: Exchange): void {
  const options: RequestOptions = {
    host: upstream.url.hostname,
    port: upstream.url.port,
    method: incoming.method,
    path: incoming.url,
    headers: incoming.headers,
    agent,
  }
  const outgoing = ask(options, (response) => {
    const headers = { ...response.headers }
    // A cut answer has another length than the one that was promised.
    if (fault.type === 'cut') delete headers['content-length']
    answer.writeHead(response.statusCode ?? 502, headers)
    if (fault.type === 'cut') return cutAnswer(response, { answer, reset, fault })
    answer.flushHeaders()
    response.on('aborted', () => answer.destroy()).on('error', () => answer.destroy())
    response.pipe(answer)
  })
  // A server that is away looks to the client like a connection that is reset.
  outgoing.on('error', () => answer.destroy())
  answer.on('close', () => outgoing.destroy())
  incoming.on('error', () => outgoing.destroy()).pipe(outgoing)
}

function refuse(answer: ServerResponse, { code, retryAfterSeconds }: Fault & { type: 'status' }): void {
  const body = JSON.stringify({ ...FAILURE, code, message: 'made by the test', reason: 'InternalError' })
  const patience = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
  answer.writeHead(code, { 'content-type': 'application/json', ...patience }).end(body)
}

function expire(answer: ServerResponse): void {
  const object = { ...FAILURE, code: 410, message: 'too old resource version', reason: 'Expired' }
  answer.writeHead(200, { 'content-type': 'application/json' })
  answer.end(`${JSON.stringify({ type: 'ERROR', object })}\n`)
}

const FAILURE = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' } as const

const VERBS: Readonly<Record<string, Verb>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

function describe({ method = 'GET', url = '/' }: IncomingMessage): { verb: Verb; resource: string } {
  const { pathname, searchParams } = new URL(url, 'http://proxy')
  const { resource, isOne } = target(pathname)
  const isWatch = ['true', '1'].includes(searchParams.get('watch') ?? '')
  const reading = isOne ? 'get' : 'list'
  return { verb: VERBS[method] ?? (isWatch ? 'watch' : reading), resource }
}

/** `/apis/group/v1/namespaces/n/devices/x/status` is one of `devices`. */
function target(pathname: string): { readonly resource: string; readonly isOne: boolean } {
  const parts = pathname.split('/').slice(pathname.startsWith('/api/') ? 3 : 4)
  const [resource = pathname, name] = parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(2) : parts
  return { resource, isOne: name !== undefined }
}

function bump<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function portOf(address: unknown): number {
  if (typeof address !== 'object' || address === null || !('port' in address)) throw new Error('no port')
  return Number(address.port)
}

interface KubeconfigText {
  readonly clusters: readonly [{ readonly cluster: { readonly server: string } }]
}

async function readUpstream(kubeconfig: string): Promise<Upstream> {
  const { clusters } = JSON.parse(await readFile(kubeconfig, 'utf8')) as KubeconfigText
  const cluster: Readonly<Record<string, string>> = clusters[0].cluster
  const ca = await readFile(String(cluster['certificate-authority']))
  return { url: new URL(String(cluster['server'])), ca }
}

async function writeKubeconfig(
  kubeconfig: string,
  { folder, port }: { readonly folder: string; readonly port: number },
): Promise<string> {
  const config = JSON.parse(await readFile(kubeconfig, 'utf8')) as KubeconfigText
  const [path, certificate] = [join(folder, 'kubeconfig'), join(folder, 'proxy.crt')]
  await writeFile(certificate, TEST_CERTIFICATE.cert)
  const cluster = { server: `https://127.0.0.1:${port}`, 'certificate-authority': certificate }
  const text = JSON.stringify({ ...config, clusters: [{ ...config.clusters[0], cluster }] })
  await writeFile(path, text, { mode: 0o600 })
  return path
}
