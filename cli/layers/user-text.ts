import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

import { LayersError } from '#layers/errors.ts'
import type { LayersFs } from '#layers/sources/files.ts'
import { withFileLock } from '#layers/sources/lock-file.ts'
import { linkTarget, replaceFile, sweepTemporaries } from '#layers/sources/replace-file.ts'

/** A whole text that takes the place of the user's file. */
export interface TextWrite {
  readonly fs: LayersFs
  readonly userFile: string
  /** What the text was made from; null where there was no file. */
  readonly before: Uint8Array | null
  readonly text: string
}

/**
 * Puts a text in the place of the user's file, under the lock of every other write. Nothing that somebody else has written
 * meanwhile is replaced, be it a comment.
 *
 * @throws LayersError `configVersionConflict` when the file is another one by now; those of writing
 */
export async function replaceUserText({ fs, userFile, before, text }: TextWrite): Promise<void> {
  try {
    const target = await linkTarget(userFile)
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    const isUnchanged = async (): Promise<boolean> => isSame(before, await fs.readFile(userFile))
    const isReplaced = await withFileLock(target, async () => {
      await sweepTemporaries(target)
      return (await isUnchanged()) && (await replaceFile(target, text, isUnchanged))
    })
    if (isReplaced) return
  } catch (error) {
    throw toWriteError(error, userFile)
  }
  throw new LayersError('configVersionConflict', 'somebody else has changed the file meanwhile', {
    path: userFile,
  })
}

/** Whether two contents are the same; null is no file. */
export function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other
  return Buffer.compare(one, other) === 0
}

function toWriteError(error: unknown, path: string): unknown {
  if (error instanceof LayersError || !(error instanceof Error) || !('code' in error)) return error
  return new LayersError('configUnreadable', `it could not be written (${String(error.code)})`, {
    path,
    cause: error,
  })
}
