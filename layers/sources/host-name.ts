import { execFile } from 'node:child_process'
import { hostname } from 'node:os'
import { promisify } from 'node:util'

import { chooseHostName } from '#layers/requirements/host-patterns.ts'

/** The name that host patterns of requirements are held against. */
export interface HostName {
  /** @returns the name in lower case without trailing dots; null for a machine without one. Never rejects. */
  resolve(): Promise<string | null>
}

/** How a machine is asked for its names. */
export interface HostNameLookup {
  /** What the kernel calls the machine. */
  kernel(): string
  /** What the resolver calls it, or null; may ask a name server. */
  canonical(): Promise<string | null>
}

/** A host name that is looked up when it is first asked for, and never again. */
export function hostNameOnce(lookup: HostNameLookup): HostName {
  let answer: Promise<string | null> | null = null
  return {
    async resolve() {
      answer ??= lookUp(lookup)
      return await answer
    },
  }
}

/** The name of this machine: one look-up for the whole process, like the CLI's. */
export function machineHostName(): HostName {
  machine ??= hostNameOnce({ kernel: hostname, canonical: resolverName })
  return machine
}

let machine: HostName | null = null

async function lookUp(lookup: HostNameLookup): Promise<string | null> {
  const name = lookup.kernel()
  // A machine without a name has nothing to ask a resolver for.
  if (chooseHostName(name, null) === null) return null
  return chooseHostName(name, await lookup.canonical())
}

const run = promisify(execFile)

/** Name servers that do not answer are given up after this long. Their answer is an improvement, not a need. */
const RESOLVER_TIMEOUT_MS = 10_000

/**
 * Asks the resolver of the operating system for the canonical name of this machine, hosts file and name servers in the
 * order that the machine is set up for. Node's own look-ups do not tell canonical names, while `hostname -f` does nothing
 * but that. (On macOS it answers the kernel's name, which is the qualified one there.)
 */
async function resolverName(): Promise<string | null> {
  if (process.platform === 'win32') return null
  try {
    const { stdout } = await run('hostname', ['-f'], {
      timeout: RESOLVER_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024,
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin', LC_ALL: 'C' },
    })
    return stdout
  } catch {
    return null
  }
}
