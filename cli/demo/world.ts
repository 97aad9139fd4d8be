import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { z } from 'zod'

import { type Client, createClient } from '#cli/client.ts'
import { systemClock } from '#cli/system-clock.ts'
import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import { openSigningKey, signToken } from '#secrets/signing.ts'

import { type Program, type Running, startCommand } from './processes.ts'

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
  /** Stops every process and removes the folder. */
  close(): Promise<void>
}

const USER = 'demo'
const TOKEN_SECONDS = 24 * 60 * 60
const Ready = z.object({ address: z.url() })
const MadeToken = z.object({ token: z.string().min(1) })

/** Starts the server on a free port, with a user `demo`. @throws AppError `SETTING_INVALID` when there is no room for temporary files */
export async function createWorld(program: Program, signal: AbortSignal): Promise<World> {
  const root = await makeRoot()
  const clean = withoutOwnSettings(program)
  const running: Running[] = []
  let isClosed = false
  const start: Start = async (args) => {
    if (isClosed) throw new AppError('STORE_UNAVAILABLE', 'the demo is over')
    const { running: one, firstLine } = startCommand(clean, args)
    // Before it is ready: whatever happens meanwhile, it is stopped at the end.
    running.push(one)
    return { one, line: await firstLine }
  }
  const close = async (): Promise<void> => {
    isClosed = true
    await Promise.all(running.toReversed().map((one) => one.stop()))
    await rm(root, { recursive: true, force: true })
  }
  try {
    const data = join(root, 'server')
    const { line } = await start([
      'serve',
      '--data',
      data,
      '--listen',
      '127.0.0.1:0',
      '--output',
      'json',
      '--log-format',
      'json',
      '--log-level',
      'warn',
    ])
    const { address } = Ready.parse(JSON.parse(line))
    const client = createClient(address, await tokenFor(data, ['user', 'admin']))
    const backEnd = createClient(address, await tokenFor(data, ['execution']))
    return {
      root,
      address,
      client,
      backEnd,
      signal,
      close,
      addDevice: (id) => addDevice({ id, root, client, address, start }),
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Starts a command of ours that is stopped when the world closes. */
type Start = (args: readonly string[]) => Promise<{ readonly one: Running; readonly line: string }>

async function makeRoot(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'runtimeconfig-demo-'))
  } catch (cause) {
    throw new AppError(
      'SETTING_INVALID',
      `expected to be able to make a folder in ${tmpdir()}; name another place for temporary files with TMPDIR`,
      { cause },
    )
  }
}

interface DeviceSetting {
  readonly id: string
  readonly root: string
  readonly client: Client
  readonly address: string
  readonly start: Start
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

// The person's own settings, server and CODEX_HOME must not reach into the demo, nor the demo into theirs.
function withoutOwnSettings(program: Program): Program {
  const foreign = /^(RUNTIMECONFIG_|CODEX_HOME$|CLAUDE_CONFIG_DIR$|XDG_|NODE_OPTIONS$)/
  const kept = Object.entries(program.environment).filter(([name]) => !foreign.test(name))
  return { ...program, environment: Object.fromEntries(kept) }
}

async function tokenFor(
  data: string,
  scopes: readonly ('user' | 'admin' | 'execution')[],
): Promise<Secret<string>> {
  const key = await openSigningKey(join(data, 'signing-key.pem'))
  const { token } = await signToken(key, {
    subject: USER,
    scopes,
    expiresInSeconds: TOKEN_SECONDS,
    now: systemClock.now(),
  })
  return new Secret(token)
}
