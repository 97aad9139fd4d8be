import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

import { apiServerFlags, etcdFlags, type Flags } from '#cli/demo/cluster/server-flags.ts'

import type { Assets } from './assets.ts'

/** A real API server of one test run. */
export interface ApiServer {
  readonly url: string
  /** For kubectl, helm and client libraries; of an administrator. */
  readonly kubeconfig: string
  /** Ends kube-apiserver as an upgrade does, if it runs, and starts it again where it was, with what it kept. */
  restart(): Promise<void>
  /** Ends kube-apiserver as a power failure does; `restart` brings it back. */
  kill(): Promise<void>
  /** Throws the history away: whoever comes with a version from before is told that it expired. Restarts kube-apiserver. */
  compact(): Promise<void>
  stop(): Promise<void>
}

const ADMIN_TOKEN = 'cluster-suite-admin'
const READY_WITHIN_MS = 60_000
const STOP_WITHIN_MS = 10_000
const STARTS = 3

/**
 * Starts etcd and kube-apiserver on loopback, in a folder of their own, and resolves when the server is ready. Several can
 * run at once.
 *
 * @param flags more of kube-apiserver, without the dashes
 */
export async function startApiServer(
  assets: Assets,
  flags: Readonly<Record<string, string>> = {},
): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-cluster-'))
  const etcd = await startEtcd(assets.etcd, folder)
  const port = await freePort()
  const url = `https://127.0.0.1:${port}`
  const args = { ...(await prepareKube({ folder, port, etcdUrl: etcd.url })), ...flags }
  let server: ChildProcess | undefined
  const restart = async () => {
    if (server !== undefined) await end(server)
    server = await startKube(assets['kube-apiserver'], { args, url, folder })
  }
  const stop = async () => {
    if (server !== undefined) await end(server)
    await end(etcd.process)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await restart()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url,
    kubeconfig: await writeKubeconfig(url, folder),
    restart,
    kill: async () => {
      if (server !== undefined) await end(server, 'SIGKILL')
    },
    compact: async () => {
      await compactHistory(etcd.url)
      // It keeps a part of the history in memory.
      await restart()
    },
    stop,
  }
}

async function startEtcd(program: string, folder: string): Promise<{ url: string; process: ChildProcess }> {
  const url = `http://127.0.0.1:${await freePort()}`
  const peers = `http://127.0.0.1:${await freePort()}`
  const args = etcdFlags({ folder, url, peers })
  return { url, process: await start(program, args, join(folder, 'etcd.log')) }
}

interface KubeOptions {
  readonly folder: string
  readonly port: number
  readonly etcdUrl: string
}

/** Writes what kube-apiserver needs to be itself again after a restart, and gives its arguments. */
async function prepareKube({ folder, port, etcdUrl }: KubeOptions): Promise<Flags> {
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
  return apiServerFlags({ folder, port, etcdUrl, signingKey, verifyingKey, tokens })
}

interface Start {
  readonly args: Flags
  readonly url: string
  readonly folder: string
}

// While it is down its port belongs to nobody, and may be taken for a moment.
async function startKube(program: string, { args, url, folder }: Start): Promise<ChildProcess> {
  const log = join(folder, 'kube-apiserver.log')
  for (let tries = 1; ; tries += 1) {
    const server = await start(program, args, log)
    try {
      await waitUntilReady(url, folder, server)
      return server
    } catch (cause) {
      await end(server)
      if (tries < STARTS) continue
      const text = await readFile(log, 'utf8')
      throw new Error(`kube-apiserver did not become ready:\n${text.slice(-4000)}`, { cause })
    }
  }
}

/** Compacts etcd to what is now, over its JSON gateway. */
async function compactHistory(etcdUrl: string): Promise<void> {
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await fetch(`${etcdUrl}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`etcd answered ${answer.status} to ${path}: ${await answer.text()}`)
    return answer.json()
  }
  const range = (await post('range', { key: btoa('/'), count_only: true })) as {
    readonly header: { readonly revision: string }
  }
  await post('compaction', { revision: range.header.revision, physical: true })
}

async function start(program: string, args: Flags, log: string): Promise<ChildProcess> {
  const { createWriteStream } = await import('node:fs')
  const child = spawn(
    program,
    Object.entries(args).map(([name, value]) => `--${name}=${value}`),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const file = createWriteStream(log, { flags: 'a' })
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

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const { promise, resolve } = Promise.withResolvers<void>()
  child.once('exit', () => resolve())
  child.kill(signal)
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
