import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { inject } from 'vitest'

import { GROUP } from '#crds/group.ts'
import { KINDS } from '#crds/kinds.ts'

export interface Answer {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

/** Runs the real kubectl against the server of the run. */
export function kubectl(args: readonly string[], input = ''): Promise<Answer> {
  return runProgram([inject('assets').kubectl, `--kubeconfig=${inject('kubeconfig')}`, ...args], input)
}

/** The folder of the definitions, as an administrator applies it. */
export const DEFINITIONS_FOLDER = join(import.meta.dirname, '..', '..', 'crds')

/** Installs the six definitions and waits until the server serves them; harmless when they are there. */
export function applyDefinitions(): Promise<void> {
  return installDefinitions(inject('kubeconfig'))
}

/** The same on a server that is not the one of the run. */
export async function installDefinitions(kubeconfig: string): Promise<void> {
  const kubectl = [inject('assets').kubectl, `--kubeconfig=${kubeconfig}`]
  const applied = await runProgram([...kubectl, 'apply', '--server-side', '-f', DEFINITIONS_FOLDER])
  const names = Object.values(KINDS).map(({ plural }) => `crd/${plural}.${GROUP}`)
  const ready = await runProgram([...kubectl, 'wait', '--for=condition=Established', ...names])
  if (applied.code !== 0 || ready.code !== 0) throw new Error(`${applied.stderr}${ready.stderr}`)
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
