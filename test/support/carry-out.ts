import { spawn } from 'node:child_process'
import { once } from 'node:events'

import type { ExecuteCommand } from '#protocol/command.ts'

import { COMMAND_DEVICES, HAS_PYTHON } from './command-devices.ts'

/** What an executor needs of a command to run it. */
export type Runnable = Pick<
  ExecuteCommand,
  'command_key' | 'argv' | 'args' | 'env' | 'timeout_seconds' | 'max_output_bytes'
>

/**
 * Carries a command out as an executor does: it runs what it is told to and gives back what came out, in the shape that was
 * recorded. Where there is no Python, our own writer obeys in its place, so that the rest can be shown there too.
 */
export async function carryOut(command: Runnable, home: string): Promise<readonly unknown[]> {
  return [HAS_PYTHON ? await runProgram(command, home) : await obeyWithout(command, home)]
}

/** Runs `argv` with `env` in a home. */
export async function runProgram(command: Runnable, home: string): Promise<object> {
  const startedAt = performance.now()
  const out: Buffer[] = []
  const err: Buffer[] = []
  const ended = await new Promise<object>((resolve) => {
    try {
      const [program = '', ...args] = [...command.argv, ...command.args]
      const child = spawn(program, args, {
        cwd: home,
        env: { PATH: process.env['PATH'], HOME: home, ...command.env },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: command.timeout_seconds * 1000,
        killSignal: 'SIGKILL',
      })
      child.stdout.on('data', (chunk: Buffer) => void out.push(chunk))
      child.stderr.on('data', (chunk: Buffer) => void err.push(chunk))
      child.on('error', (error) => resolve(unstarted(error)))
      void once(child, 'close').then(
        ([code]) => resolve(code === null ? timedOut(command) : exited(Number(code))),
        () => undefined,
      )
    } catch (error) {
      resolve(unstarted(error))
    }
  })
  const duration = (performance.now() - startedAt) / 1000
  return { duration, ...ended, ...cut('stdout', out, command), ...cut('stderr', err, command) }
}

const OS_ERRORS = [
  ['E2BIG', 'Argument list too long (os error 7)'],
  ['ENOENT', 'No such file or directory (os error 2)'],
] as const

function exited(code: number): object {
  return { exit_code: code, success: code === 0, timed_out: false }
}

function unstarted(error: unknown): object {
  const text = OS_ERRORS.find(([code]) => String(error).includes(code))?.[1] ?? String(error)
  return { error: text, exit_code: null, success: false, timed_out: false }
}

function timedOut({ timeout_seconds }: Runnable): object {
  const error = `Command timed out after ${timeout_seconds} seconds`
  return { error, exit_code: null, success: false, timed_out: true }
}

function cut(name: 'stdout' | 'stderr', chunks: readonly Buffer[], { max_output_bytes }: Runnable): object {
  const bytes = Buffer.concat(chunks)
  return {
    [name]: bytes.subarray(0, max_output_bytes).toString('utf8'),
    [`${name}_truncated`]: bytes.length > max_output_bytes,
  }
}

async function obeyWithout(command: Runnable, home: string): Promise<object> {
  const [, ours] = COMMAND_DEVICES[0] ?? []
  if (ours === undefined) throw new Error('there is always our own writer')
  const { exitCode, line } = await ours({ home, key: command.command_key, env: command.env })
  const ended = exited(exitCode ?? 1)
  const stdout = Buffer.from(`${JSON.stringify(line)}\n`)
  return { duration: 0, ...ended, ...cut('stdout', [stdout], command), ...cut('stderr', [], command) }
}
