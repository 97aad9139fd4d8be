import { type FileHandle, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** User and group of a file, as numbers. */
export interface FileOwner {
  readonly uid: number
  readonly gid: number
}

/**
 * Whose a file is to be that an administrator makes or replaces: its owner's, or its folder's where there is none yet.
 *
 * @returns null for everybody else, who can only make files of their own
 */
export async function ownerFor(path: string): Promise<FileOwner | null> {
  if (process.getuid?.() !== 0) return null
  try {
    return await stat(path)
  } catch {
    return await stat(dirname(path))
  }
}

/** Gives an open file to its owner. */
export async function giveTo(owner: FileOwner | null, handle: FileHandle): Promise<void> {
  if (owner === null) return
  const { uid, gid } = await handle.stat()
  if (owner.uid !== uid || owner.gid !== gid) await handle.chown(owner.uid, owner.gid)
}
