import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Client, createClient } from '#cli/client.ts'
import { Secret } from '#core/secret.ts'
import { openSigningKey, signToken } from '#secrets/signing.ts'

import { unprivileged } from './unprivileged.ts'

const MAIN = new URL('../../cli/main.ts', import.meta.url).pathname
const PATIENCE_MS = 30_000

type Scope = 'user' | 'admin' | 'execution'

/** A real `runtimeconfig` command, running. */
export interface RunningCommand {
  readonly child: ChildProcess
  readonly firstLine: string
  /** Everything it wrote to stdout and stderr so far. */
  readonly said: () => string
  kill(signal?: NodeJS.Signals): Promise<void>
}

/** A server and its agents as real processes in one temporary folder. */
export interface Installation {
  readonly root: string
  readonly data: string
  readonly address: () => string
  readonly server: () => RunningCommand
  token(user: string, scopes?: readonly Scope[]): Promise<string>
  client(user: string, scopes?: readonly Scope[]): Promise<Client>
  startServer(extra?: readonly string[]): Promise<void>
  addDevice(user: string, id: string): Promise<TestDevice>
  close(): Promise<void>
}

/** A home folder and its agent. */
export interface TestDevice {
  readonly id: string
  readonly home: string
  readonly state: string
  path(targetPath: string): string
  start(extra?: readonly string[]): Promise<RunningCommand>
  agent(): RunningCommand | null
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Makes the folder and starts a server in it. `close()` stops everything and removes the folder. */
export async function startInstallation(
  serverFlags: readonly string[] = [],
  serverEnvironment: Readonly<Record<string, string>> = {},
): Promise<Installation> {
  const root = await mkdtemp(join(tmpdir(), 'runtimeconfig-test-'))
  const data = join(root, 'server')
  const running: RunningCommand[] = []
  let server: RunningCommand | null = null
  // The same port after a restart, so that agents find the server again.
  let listen = '127.0.0.1:0'
  const theServer = (): RunningCommand => {
    if (server === null) throw new Error('the server was never started')
    return server
  }
  const addressOf = (): string => (JSON.parse(theServer().firstLine) as { readonly address: string }).address
  const installation: Installation = {
    root,
    data,
    server: theServer,
    address: addressOf,
    token: (user, scopes) => makeToken(data, user, scopes),
    client: async (user, scopes) =>
      createClient(addressOf(), new Secret(await makeToken(data, user, scopes))),
    async startServer(extra = []) {
      const flags = [
        '--data',
        data,
        '--listen',
        listen,
        '--output',
        'json',
        '--log-format',
        'json',
        ...serverFlags,
        ...extra,
      ]
      server = await runCommand(['serve', ...flags], serverEnvironment)
      listen = new URL(addressOf()).host
      running.push(server)
    },
    addDevice: (user, id) => addDevice({ installation, user, id, running }),
    async close() {
      await Promise.all(running.toReversed().map((one) => one.kill('SIGTERM')))
      await rm(root, { recursive: true, force: true })
    },
  }
  await installation.startServer()
  return installation
}

/** Runs a command of the real command line; resolves at its first line on stdout, rejects if it ends before. */
export async function runCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningCommand> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...cleanEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void said.push(chunk.toString('utf8')))
  const exited = once(child, 'exit')
  const first = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>
  const ended = exited.then(([code]) =>
    Promise.reject(new Error(`${args[0]} ended with ${String(code)}: ${said.join('')}`)),
  )
  const [firstLine] = await Promise.race([first, ended])
  ended.catch(() => {})
  return {
    child,
    firstLine,
    said: () => said.join(''),
    async kill(signal = 'SIGKILL') {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill(signal)
      await exited
    },
  }
}

/** How a command that ends by itself ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Under what circumstances a command runs. */
export interface Circumstances {
  readonly environment?: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array
  readonly cwd?: string
  /** It is refused what its user may not write, which an administrator usually is not. */
  readonly isUnprivileged?: boolean
  /** An open file for what it writes to stderr. */
  readonly stderrFd?: number
}

/** A program that ends by itself, or when a test ends it. */
export interface StartedProgram {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** Starts a command of the real command line. */
export function startToEnd(args: readonly string[], options: Circumstances = {}): StartedProgram {
  return startProgram([process.execPath, MAIN, ...args], options)
}

/** Runs a shell script to its end, in which `runtimeconfig` and `npx runtimeconfig` are the real command line. */
export async function runInShell(script: string, options: Circumstances = {}): Promise<Ended> {
  const names = 'runtimeconfig() { "$NODE" "$MAIN" "$@"; }\nnpx() { "$@"; }\n'
  const environment = { ...options.environment, NODE: process.execPath, MAIN }
  return startProgram(['bash', '-c', names + script], { ...options, environment }).ended
}

function startProgram(
  command: readonly string[],
  { environment, stdin, stderrFd, isUnprivileged = false, ...options }: Circumstances,
): StartedProgram {
  const [program = '', ...args] = isUnprivileged ? [...unprivileged(), ...command] : command
  const child = spawn(program, args, {
    ...options,
    env: { ...cleanEnvironment(), ...environment },
    stdio: ['pipe', 'pipe', stderrFd ?? 'pipe'],
  })
  const [stdout, stderr] = [[] as Buffer[], [] as Buffer[]]
  child.stdout?.on('data', (chunk: Buffer) => void stdout.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => void stderr.push(chunk))
  child.stdin?.on('error', () => {})
  child.stdin?.end(stdin ?? '')
  const ended = once(child, 'close').then(([code]: unknown[]) => ({
    code: typeof code === 'number' ? code : null,
    stdout: Buffer.concat(stdout).toString('utf8'),
    stderr: Buffer.concat(stderr).toString('utf8'),
  }))
  return { child, ended }
}

/** Polls until `look` gives something; the failure says what was waited for. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await look()
    if (found !== null && found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`expected ${what} within ${PATIENCE_MS} ms`)
    await sleep(20)
  }
}

async function addDevice({
  installation,
  user,
  id,
  running,
}: {
  installation: Installation
  user: string
  id: string
  running: RunningCommand[]
}): Promise<TestDevice> {
  const folder = join(installation.root, 'devices', user, id)
  const [home, state, tokenFile] = [join(folder, 'home'), join(folder, 'state'), join(folder, 'token')]
  await mkdir(home, { recursive: true, mode: 0o700 })
  const client = await installation.client(user)
  const made = (await client.call({
    method: 'POST',
    path: '/users/me/device-tokens',
    body: { name: id, device_id: id },
  })) as { readonly token: string }
  await writeFile(tokenFile, made.token, { mode: 0o600 })
  let agent: RunningCommand | null = null
  return {
    id,
    home,
    state,
    path: (targetPath) => join(home, targetPath.slice(2)),
    agent: () => agent,
    async start(extra = []) {
      const flags = [
        '--server',
        installation.address(),
        '--token-file',
        tokenFile,
        '--home',
        home,
        '--state',
        state,
        '--device-id',
        id,
      ]
      agent = await runCommand(['agent', ...flags, '--output', 'json', '--log-format', 'json', ...extra])
      running.push(agent)
      return agent
    },
    async stop(signal = 'SIGTERM') {
      await agent?.kill(signal)
    },
  }
}

async function makeToken(data: string, user: string, scopes: readonly Scope[] = ['user']): Promise<string> {
  const key = await openSigningKey(join(data, 'signing-key.pem'))
  const { token } = await signToken(key, { subject: user, scopes, expiresInSeconds: 3600, now: Date.now() })
  return token
}

// Hundreds of processes load the same modules: kept compiled, each starts in half the time.
const COMPILED = join(tmpdir(), 'runtimeconfig-test-compiled')

// The settings of whoever runs the tests must not reach into them.
function cleanEnvironment(): Record<string, string | undefined> {
  const foreign =
    /^(RUNTIMECONFIG_|CODEX_HOME$|CLAUDE_CONFIG_DIR$|XDG_|NODE_OPTIONS$|VITEST|NO_COLOR$|FORCE_COLOR$)/
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  return { NODE_COMPILE_CACHE: COMPILED, ...Object.fromEntries(kept) }
}
