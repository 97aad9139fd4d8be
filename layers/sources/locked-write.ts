import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

import { LayersError } from '#layers/errors.ts'

import { withFileLock } from './lock-file.ts'
import { linkTarget, sweepTemporaries } from './replace-file.ts'

/**
 * Does what replaces a user's file, one writer at a time: follows links, makes the folder, and clears away what a killed
 * writer has left.
 *
 * @param work is given the file itself, where `userFile` may be a link
 * @throws LayersError `configLayerReadonly` when the file may not be written, `configUnreadable` when it cannot; those of `work`
 */
export async function withLockedFile<Result>(
  userFile: string,
  work: (target: string) => Promise<Result>,
): Promise<Result> {
  try {
    const target = await linkTarget(userFile)
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    return await withFileLock(target, async () => {
      await sweepTemporaries(target)
      return await work(target)
    })
  } catch (error) {
    throw toWriteError(error, userFile)
  }
}

/** Whether two contents are the same; null is no file. */
export function isSameContent(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other
  return Buffer.compare(one, other) === 0
}

function toWriteError(error: unknown, path: string): unknown {
  if (error instanceof LayersError || !(error instanceof Error) || !('code' in error)) return error
  const code = String(error.code)
  const [layersCode, reason] = READONLY.has(code)
    ? (['configLayerReadonly', `expected a file that may be written, got none (${code})`] as const)
    : (['configUnreadable', `it could not be written (${code})`] as const)
  return new LayersError(layersCode, reason, { path, cause: error })
}

const READONLY: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS'])
