import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

import type { Assets } from './assets.ts'

/** A real API server of one test run. */
export interface ApiServer {
  readonly url: string
  /** For kubectl, helm and client libraries; of an administrator. */
  readonly kubeconfig: string
  stop(): Promise<void>
}

const ADMIN_TOKEN = 'cluster-suite-admin'
const READY_WITHIN_MS = 60_000
const STOP_WITHIN_MS = 10_000

/** Starts etcd and kube-apiserver on loopback, in a folder of their own, and resolves when the server is ready. */
export async function startApiServer(assets: Assets): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-cluster-'))
  const etcd = await startEtcd(assets.etcd, folder)
  const port = await freePort()
  const url = `https://127.0.0.1:${port}`
  const server = await startKube(assets['kube-apiserver'], { folder, port, etcdUrl: etcd.url })
  const stop = async (): Promise<void> => {
    await end(server)
    await end(etcd.process)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await waitUntilReady(url, folder, server)
  } catch (cause) {
    const log = await readFile(join(folder, 'kube-apiserver.log'), 'utf8')
    await stop()
    throw new Error(`kube-apiserver did not become ready:\n${log.slice(-4000)}`, { cause })
  }
  return { url, kubeconfig: await writeKubeconfig(url, folder), stop }
}

async function startEtcd(program: string, folder: string): Promise<{ url: string; process: ChildProcess }> {
  const url = `http://127.0.0.1:${await freePort()}`
  const peers = `http://127.0.0.1:${await freePort()}`
  const args = {
    'data-dir': join(folder, 'etcd'),
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peers,
    'initial-advertise-peer-urls': peers,
    'initial-cluster': `default=${peers}`,
    'unsafe-no-fsync': 'true',
  }
  return { url, process: await start(program, args, join(folder, 'etcd.log')) }
}

interface KubeOptions {
  readonly folder: string
  readonly port: number
  readonly etcdUrl: string
}

async function startKube(program: string, { folder, port, etcdUrl }: KubeOptions): Promise<ChildProcess> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const [signingKey, verifyingKey, tokens] = ['sa.key', 'sa.pub', 'tokens.csv'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  await writeFile(signingKey, privateKey, { mode: 0o600 })
  await writeFile(verifyingKey, publicKey)
  await writeFile(tokens, `${ADMIN_TOKEN},admin,admin,"system:masters"\n`, { mode: 0o600 })
  const args = {
    'etcd-servers': etcdUrl,
    'cert-dir': folder,
    'secure-port': String(port),
    'bind-address': '127.0.0.1',
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': verifyingKey,
    'service-account-signing-key-file': signingKey,
    'authorization-mode': 'RBAC',
    'token-auth-file': tokens,
    'service-cluster-ip-range': '10.0.0.0/24',
    'disable-admission-plugins': 'ServiceAccount',
  }
  return start(program, args, join(folder, 'kube-apiserver.log'))
}

async function start(
  program: string,
  args: Readonly<Record<string, string>>,
  log: string,
): Promise<ChildProcess> {
  const { createWriteStream } = await import('node:fs')
  const child = spawn(
    program,
    Object.entries(args).map(([name, value]) => `--${name}=${value}`),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const file = createWriteStream(log)
  child.stdout.pipe(file, { end: false })
  child.stderr.pipe(file, { end: false })
  return child
}

async function waitUntilReady(url: string, folder: string, server: ChildProcess): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS
  while (performance.now() < deadline) {
    if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}`)
    if (await isReady(url, folder)) return
    await pause(100)
  }
  throw new Error(`it took longer than ${READY_WITHIN_MS} ms`)
}

async function isReady(url: string, folder: string): Promise<boolean> {
  const ca = await readFile(join(folder, 'apiserver.crt')).catch(() => undefined)
  if (ca === undefined) return false
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  request(`${url}/readyz`, { ca, headers, agent: false }, (response) => {
    response.resume()
    resolve(response.statusCode === 200)
  })
    .once('error', () => resolve(false))
    .end()
  return promise
}

async function writeKubeconfig(url: string, folder: string): Promise<string> {
  const path = join(folder, 'kubeconfig')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'test', cluster: { server: url, 'certificate-authority': join(folder, 'apiserver.crt') } },
    ],
    users: [{ name: 'admin', user: { token: ADMIN_TOKEN } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  }
  await writeFile(path, JSON.stringify(config), { mode: 0o600 })
  return path
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const { promise, resolve } = Promise.withResolvers<void>()
  child.once('exit', () => resolve())
  child.kill('SIGTERM')
  const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await promise
  clearTimeout(impatient)
}

async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = createServer().once('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
  })
  return promise
}
