import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import type { AppError } from '#core/errors.ts'

/** A folder of one test's own, removed when the test ends. */
export function aKeyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rc-keys-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs a task without root's right to read and write everything. */
export async function withoutPrivileges<T>(task: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  try {
    return await task()
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}

/** The expected failure of a task that must fail. */
export async function refusalOf(task: Promise<unknown>): Promise<AppError> {
  return await task.then(
    () => {
      throw new Error('expected a refusal')
    },
    (error: AppError) => error,
  )
}
