import { join } from 'node:path'

import { inject } from 'vitest'
import { parseAllDocuments } from 'yaml'

import type { Manifest } from '#test/support/manifests.ts'

import { type Answer, runProgram } from './kubectl.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** The chart's folder. */
export const CHART = join(ROOT, 'charts', 'runtime-config-operator')

/** Values files of people who install it, and stand-ins for kinds of others. */
export const CHART_CASES = join(ROOT, 'test', 'charts')

/** An object as Helm renders it. */
export interface Rendered {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: Manifest
  readonly [field: string]: unknown
}

/** Runs the real Helm. */
export function helm(args: readonly string[]): Promise<Answer> {
  return runProgram([inject('assets').helm, ...args])
}

/** Renders the release `rc` in the namespace `ops`, hooks included. Throws what Helm says when it refuses. */
export async function render(flags: readonly string[]): Promise<readonly Rendered[]> {
  const { stdout, stderr, code } = await helm(['template', 'rc', CHART, '--namespace=ops', ...flags])
  if (code !== 0) throw new Error(stderr)
  return parseRendering(stdout)
}

/** The objects of a rendering, in its order. */
export function parseRendering(text: string): readonly Rendered[] {
  return parseAllDocuments(text)
    .map((document): Rendered | null => document.toJS())
    .filter((document) => document !== null)
}

/** The flag that names one of the values files. */
export function valuesOf(name: string): string {
  return `--values=${join(CHART_CASES, 'values', `${name}.yaml`)}`
}
