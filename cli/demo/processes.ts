import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { AppError } from '#core/errors.ts'

/** A command of ours that runs as a process of its own. */
export interface Running {
  readonly pid: number
  /** Everything it wrote to stderr so far, newest last, bounded. */
  readonly log: readonly string[]
  /** Resolves with its exit code; `null` when a signal ended it. */
  readonly exited: Promise<number | null>
  /** SIGTERM, then SIGKILL if it does not listen; resolves when it is gone. */
  stop(): Promise<void>
}

/** Says how to start this program again: the interpreter, and the file it was started with. */
export interface Program {
  readonly execPath: string
  /** Flags of the interpreter. */
  readonly execArgv: readonly string[]
  readonly entry: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

const LOG_LINES = 200
const GRACE_MS = 10_000

/** A command from its first moment. */
export interface Started {
  readonly running: Running
  /** Resolves with its first line on stdout, or rejects with its last words. */
  readonly firstLine: Promise<string>
}

/** Starts `runtimeconfig <args…>`. */
export function startCommand(program: Program, args: readonly string[]): Started {
  const child = spawn(program.execPath, [...program.execArgv, program.entry, ...args], {
    env: { ...program.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.push(line)
    if (log.length > LOG_LINES) log.shift()
  })
  const exited = once(child, 'exit').then(([code]: unknown[]) => (typeof code === 'number' ? code : null))
  const lines = createInterface({ input: child.stdout })
  const started = once(lines, 'line').then(([line]: unknown[]) => String(line))
  const firstLine = Promise.race([started, exited.then((code) => failToStart(args, code, log))]).finally(
    () => {
      // Nobody reads the rest; an unread pipe would fill up and stop the process.
      child.stdout.resume()
    },
  )
  return { running: { pid: child.pid ?? 0, log, exited, stop: () => stop(child, exited) }, firstLine }
}

function failToStart(args: readonly string[], code: number | null, log: readonly string[]): never {
  throw new AppError(
    'STORE_UNAVAILABLE',
    `runtimeconfig ${args[0] ?? ''} ended with ${code} before it was ready: ${log.at(-1) ?? 'it said nothing'}`,
  )
}

async function stop(child: ChildProcess, exited: Promise<number | null>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  await exited
  clearTimeout(kill)
}
