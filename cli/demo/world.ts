import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { z } from 'zod'

import { type Client, createClient } from '#cli/client.ts'
import { systemClock } from '#cli/system-clock.ts'
import { Secret } from '#core/secret.ts'
import { openSigningKey, signToken } from '#secrets/signing.ts'

import type { Running } from './processes.ts'
import type { Stage } from './stage.ts'

/** A device of the demo: a home folder, and an agent when it runs. */
export interface DemoDevice {
  readonly id: string
  readonly home: string
  readonly authFile: string
  start(): Promise<void>
  stop(): Promise<void>
}

/** A real server and real agents, each a process of its own, in one temporary folder. */
export interface World {
  readonly root: string
  readonly address: string
  readonly client: Client
  /** The same server asked as a trusted back end (scope `execution`). */
  readonly backEnd: Client
  /** Aborts when the demo is interrupted: there is nothing to wait for any more. */
  readonly signal: AbortSignal
  /** Makes a home and a device token; the agent starts with `start()`. */
  addDevice(id: string): Promise<DemoDevice>
}

/** Who the demo is for. */
export const USER = 'demo'
const TOKEN_SECONDS = 24 * 60 * 60
const Ready = z.object({ address: z.url() })
const MadeToken = z.object({ token: z.string().min(1) })

/** What the server of a world stands on. */
export interface Grounds {
  /** Flags of `serve` that say so. */
  readonly flags: readonly string[]
  /** The key that it takes tokens of. */
  readonly signingKey: string
  /** Of an administrator of the cluster that it stands on; `null`: it stands on none. */
  readonly kubeconfig: string | null
}

/** Lets a server of its own make everything in a folder. */
export function ownGrounds({ root }: Stage): Grounds {
  const data = join(root, 'server')
  return { flags: ['--data', data], signingKey: join(data, 'signing-key.pem'), kubeconfig: null }
}

/** Starts the server on a free port, with a user `demo`. */
export async function startWorld(stage: Stage, { flags, signingKey }: Grounds): Promise<World> {
  const { root, signal, start } = stage
  const quiet = ['--output', 'json', '--log-format', 'json', '--log-level', 'warn']
  const { line } = await start(['serve', ...flags, '--listen', '127.0.0.1:0', ...quiet])
  const { address } = Ready.parse(JSON.parse(line))
  const client = createClient(address, await tokenFor(signingKey, ['user', 'admin']))
  const backEnd = createClient(address, await tokenFor(signingKey, ['execution']))
  return {
    root,
    address,
    client,
    backEnd,
    signal,
    addDevice: (id) => addDevice({ id, root, client, address, start }),
  }
}

interface DeviceSetting {
  readonly id: string
  readonly root: string
  readonly client: Client
  readonly address: string
  readonly start: Stage['start']
}

async function addDevice({ id, root, client, address, start }: DeviceSetting): Promise<DemoDevice> {
  const folder = join(root, id)
  const home = join(folder, 'home')
  const tokenFile = join(folder, 'token')
  await mkdir(home, { recursive: true, mode: 0o700 })
  const answer = await client.call({
    method: 'POST',
    path: '/users/me/device-tokens',
    body: { name: id, device_id: id },
  })
  await writeFile(tokenFile, MadeToken.parse(answer).token, { mode: 0o600 })
  const args = [
    'agent',
    '--server',
    address,
    '--token-file',
    tokenFile,
    '--home',
    home,
    '--state',
    join(folder, 'state'),
    '--device-id',
    id,
    '--name',
    id,
    '--log-format',
    'json',
    '--output',
    'json',
  ]
  let agent: Running | null = null
  return {
    id,
    home,
    authFile: join(home, '.codex', 'auth.json'),
    async start() {
      agent = (await start(args)).one
    },
    stop: async () => agent?.stop(),
  }
}

async function tokenFor(
  signingKey: string,
  scopes: readonly ('user' | 'admin' | 'execution')[],
): Promise<Secret<string>> {
  const key = await openSigningKey(signingKey)
  const { token } = await signToken(key, {
    subject: USER,
    scopes,
    expiresInSeconds: TOKEN_SECONDS,
    now: systemClock.now(),
  })
  return new Secret(token)
}
