import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ROOT } from '#test/support/markdown.ts'

/** One case as a store went through it. */
export interface CaseResult {
  /** What is held to the case, such as `the SQLite store`. */
  readonly subject: string
  /** Such as `updateStatus`. */
  readonly group: string
  readonly title: string
  readonly result: 'passed' | 'failed' | 'skipped'
}

interface JsonReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
    }[]
  }[]
}

/** The cases for SQLite. */
export const SQLITE = ['test/store/sqlite/conformance.test.ts']

/** The same for a real API server. */
export const KUBERNETES = [
  '--config',
  'test/cluster/vitest.config.ts',
  'test/cluster/conformance.test.ts',
  'test/cluster/conformance-users.test.ts',
]

/** Lists the cases without going through them. */
export function listCases(files: readonly string[]): Promise<readonly CaseResult[]> {
  return runCases([...files, '--testNamePattern', 'no case is called this', '--passWithNoTests'])
}

/** Goes through the cases in a process of its own, and tells how each went. */
export async function runCases(args: readonly string[]): Promise<readonly CaseResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  const file = join(folder, 'report.json')
  try {
    await runVitest([...args, '--reporter=json', `--outputFile=${file}`])
    const report = JSON.parse(await readFile(file, 'utf8')) as JsonReport
    return report.testResults.flatMap(({ assertionResults }) => assertionResults.map(toCase))
  } finally {
    await rm(folder, { recursive: true })
  }
}

// A case that fails makes the exit code a failure; the report says which.
async function runVitest(args: readonly string[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
  const { VITEST: _, ...env } = process.env
  execFile(process.execPath, [vitest, 'run', ...args], { cwd: ROOT, env, maxBuffer: 2 ** 26 }, () =>
    resolve(),
  )
  await promise
}

function toCase({
  ancestorTitles: [subject = '', ...groups],
  title,
  status,
}: JsonReport['testResults'][number]['assertionResults'][number]): CaseResult {
  const result = status === 'passed' || status === 'failed' ? status : 'skipped'
  return { subject, group: groups.join(', '), title, result }
}
