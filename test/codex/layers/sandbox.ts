import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { AppServer, type Ended } from './app-server.ts'
import { type Binary, findBinary } from './binary.ts'

/** Where things are for whoever is inside. The recorded cases name these very paths. */
export const USER_FILE = '/sandbox/home/config.toml'
export const SYSTEM_FILE = '/etc/codex/config.toml'
export const MANAGED_FILE = '/etc/codex/managed_config.toml'
export const REQUIREMENTS_FILE = '/etc/codex/requirements.toml'
export const CODEX_HOME = '/sandbox/home'
export const PROJECT = '/sandbox/proj'

const ENTER = new URL('enter.sh', import.meta.url).pathname
const NAME_SERVER = new URL('name-server.ts', import.meta.url).pathname
const HOST_NAME = 'device-1'
const HOSTS = '127.0.0.1 localhost\n'
const TOOLS = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin` }
const NAMESPACES = ['-rmun', '--propagation', 'private']

/** How a process is started. Flags cannot be changed afterwards; files can. */
export interface StartOptions {
  /** Arguments after the subcommand. */
  readonly args?: readonly string[]
  /** Arguments before it. */
  readonly rootArgs?: readonly string[]
  readonly host?: { readonly kernel: string; readonly etcHosts: string }
  /** Whether questions for names are answered, with "no such name", and written down. */
  readonly namesAsked?: boolean
}

/**
 * A root folder that a real CLI takes for the whole machine: namespaces of its own for users, mounts, host name and network.
 * Its files are ordinary files of ours, so a test rewrites `/etc/codex` from outside while the CLI runs.
 */
export class Sandbox {
  readonly root = mkdtempSync(join(tmpdir(), 'layers-'))
  readonly binary: Binary
  readonly #servers: AppServer[] = []

  constructor(binary: Binary = findBinary()) {
    this.binary = binary
    for (const folder of ['bin', 'dev', 'proc', 'tmp', 'etc/codex', 'sandbox/home', 'sandbox/proj']) {
      mkdirSync(join(this.root, folder), { recursive: true })
    }
    for (const place of ['bin/codex', 'dev/null', 'dev/urandom']) writeFileSync(join(this.root, place), '')
    this.write('/etc/resolv.conf', 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n')
  }

  /** The path outside of a path inside. */
  outside(path: string): string {
    return join(this.root, path)
  }

  /** Writes a file, or takes it away. Folders on the way are made. */
  write(path: string, content: string | Uint8Array | null | undefined): void {
    const outside = this.outside(path)
    if (content === null || content === undefined) return remove(outside)
    try {
      writeFileSync(outside, content)
    } catch {
      remove(outside)
      mkdirSync(dirname(outside), { recursive: true })
      writeFileSync(outside, content)
    }
  }

  /** What a file holds, or null where there is none. */
  read(path: string): string | null {
    try {
      return readFileSync(this.outside(path), 'utf8')
    } catch {
      return null
    }
  }

  /** Starts a process; one that ends before it answers is reported with what it said. */
  async start(options: StartOptions = {}): Promise<AppServer | Ended> {
    this.write('/etc/hosts', options.host?.etcHosts ?? HOSTS)
    const log = this.outside('names-asked')
    rmSync(log, { force: true })
    const names = options.namesAsked === true ? ['--names', process.execPath, NAME_SERVER, log] : []
    const inner = [ENTER, this.root, this.binary.path, options.host?.kernel ?? HOST_NAME, ...names, '--']
    const command = [...(options.rootArgs ?? []), 'app-server', ...(options.args ?? [])]
    const child = spawn('unshare', [...NAMESPACES, 'sh', ...inner, ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env: TOOLS,
    })
    const server = new AppServer(child)
    this.#servers.push(server)
    return (await server.initialize()) ?? server
  }

  /** The names that were asked for since the last start. */
  namesAsked(): readonly string[] {
    return (this.read('/names-asked') ?? '').split('\n').filter((name) => name !== '')
  }

  /** Ends every process and takes the folder away. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()))
    remove(this.root)
  }
}

// A process that is ending may still put a file into a folder that is being emptied.
function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
}

/**
 * Says what is missing for sandboxes, in a sentence, or null. A test that cannot have one fails with it: agreement with the
 * real CLI that was not looked at is not agreement.
 */
export function whatIsMissing(): string | null {
  const { status, stderr, error } = spawnSync(
    'unshare',
    [...NAMESPACES, 'sh', '-c', 'hostname x && ip link set lo up'],
    {
      encoding: 'utf8',
      env: TOOLS,
    },
  )
  if (status === 0) return null
  const said = (error?.message ?? stderr).trim()
  return (
    'running the real CLI without touching this machine needs Linux with user namespaces that an ordinary user may make, ' +
    `and the programs unshare, mount, hostname and ip; trying them said: ${said}`
  )
}
