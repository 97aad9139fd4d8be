import { execFile } from 'node:child_process'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { inject } from 'vitest'

export interface Answer {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

/** Runs the real kubectl against the server of the run. */
export function kubectl(args: readonly string[], input = ''): Promise<Answer> {
  return runProgram([inject('assets').kubectl, `--kubeconfig=${inject('kubeconfig')}`, ...args], input)
}

/** Runs a program and resolves with what it said, whatever its exit code. */
export async function runProgram([program = '', ...args]: readonly string[], input = ''): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>()
  const child = execFile(program, args, { maxBuffer: 2 ** 26 }, (_error, stdout, stderr) => {
    resolve({ stdout, stderr, code: child.exitCode ?? 1 })
  })
  if (child.stdin !== null) await pipeline(Readable.from([input]), child.stdin)
  return promise
}
