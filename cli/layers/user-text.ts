import { LayersError } from '#layers/errors.ts'
import type { LayersFs } from '#layers/sources/files.ts'
import { isSameContent, withLockedFile } from '#layers/sources/locked-write.ts'
import { replaceFile } from '#layers/sources/replace-file.ts'

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
  const isUnchanged = async (): Promise<boolean> => isSameContent(before, await fs.readFile(userFile))
  const isReplaced = await withLockedFile(
    userFile,
    async (target) => (await isUnchanged()) && (await replaceFile(target, text, isUnchanged)),
  )
  if (isReplaced) return
  throw new LayersError('configVersionConflict', 'somebody else has changed the file meanwhile', {
    path: userFile,
  })
}
