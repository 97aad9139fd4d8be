import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'

import type { Stage } from '#cli/demo/stage.ts'
import { AppError } from '#core/errors.ts'

import { writeKubeconfig } from './kubeconfig.ts'
import type { Programs } from './programs.ts'
import { apiServerFlags, etcdFlags, type Flags } from './server-flags.ts'

/** Gives a process time to write down what it has before it is killed. */
const GRACE_MS = 10_000

/**
 * Starts an API server on loopback that ends with the stage; it may take seconds until it is ready. What both programs say goes
 * nowhere.
 *
 * @returns the path of a kubeconfig of its administrator
 */
export async function startApiServer(programs: Programs, stage: Stage): Promise<string> {
  const folder = join(stage.root, 'api-server')
  await mkdir(folder, { mode: 0o700 })
  const etcdUrl = await startEtcd(programs.etcd, folder, stage)
  const port = await freePort()
  const token = randomBytes(24).toString('base64url')
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const files = {
    verifyingKey: await write('service-accounts.pub', publicKey),
    signingKey: await write('service-accounts.key', privateKey),
    tokens: await write('tokens.csv', `${token},admin,admin,"system:masters"\n`),
  }
  run(stage, programs['kube-apiserver'], apiServerFlags({ folder, port, etcdUrl, ...files }))
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    // It makes the certificate when it starts.
    'certificate-authority': join(folder, 'apiserver.crt'),
  }
  const kubeconfig = join(folder, 'kubeconfig')
  await writeKubeconfig(kubeconfig, cluster, token)
  return kubeconfig
}

async function startEtcd(program: string, folder: string, stage: Stage): Promise<string> {
  const [url, peers] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`]
  run(stage, program, etcdFlags({ folder, url, peers }))
  return url
}

function run(stage: Stage, program: string, flags: Flags): void {
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  const child = spawn(program, args, { stdio: 'ignore' })
  // It cannot be run: whoever waits for it says so.
  child.once('error', () => undefined)
  stage.atEnd(() => end(child))
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  await exited
  clearTimeout(kill)
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address !== null && typeof address === 'object') return address.port
  throw new AppError('SETTING_INVALID', 'expected a free port on 127.0.0.1')
}
