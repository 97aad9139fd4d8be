import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'

/** What a server process of a benchmark says about itself. */
export interface Usage {
  readonly cpuMs: number
  readonly rssBytes: number
}

/** A server process on a core of its own, controlled over IPC. */
export interface PinnedServer {
  readonly address: string
  /** What else the server said when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>
  usage(): Promise<Usage>
  /** Collects garbage, then reports. */
  settledUsage(): Promise<Usage>
  ask(question: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>
  stop(): Promise<void>
}

/** The interpreter's flags of `bin/runtimeconfig.js`; the floors run with the same. */
export const PRODUCT_FLAGS = ['--max-semi-space-size=8'] as const

const SERVER_CORE = '0'
const LOAD_CORE = '1'

/** Moves this process, which makes the load, to its own core where the system can do that. */
export function pinLoad(): boolean {
  try {
    execFileSync('taskset', ['-apc', LOAD_CORE, String(process.pid)], { stdio: 'ignore' })
    return true
  } catch {
    // macOS has no taskset; the figures are then those of an unpinned run, and the result file says so.
    return false
  }
}

/** Starts `bench/servers/<name>.ts` on the server's core; resolves when it is ready. */
export async function startPinned(
  name: string,
  options: { readonly args?: readonly string[]; readonly pinned: boolean },
): Promise<PinnedServer> {
  const file = new URL(`servers/${name}.ts`, import.meta.url).pathname
  const command = [process.execPath, ...PRODUCT_FLAGS, '--expose-gc', file, ...(options.args ?? [])]
  const [program = '', ...args] = options.pinned ? ['taskset', '-c', SERVER_CORE, ...command] : command
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [ready] = (await once(child, 'message')) as [{ readonly address: string }]
  const ask = async (question: object): Promise<Record<string, unknown>> => {
    child.send(question)
    const [answer] = (await once(child, 'message')) as [Record<string, unknown>]
    return answer
  }
  const usageOf = async (op: string): Promise<Usage> => (await ask({ op })) as unknown as Usage
  return {
    address: ready.address,
    ready: { ...ready },
    usage: () => usageOf('usage'),
    settledUsage: () => usageOf('settle'),
    ask,
    async stop() {
      const exited = once(child, 'exit')
      child.send({ op: 'stop' })
      await exited
    },
  }
}
