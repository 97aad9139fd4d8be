import { randomBytes } from 'node:crypto'
import { type FileHandle, lstat, open, readdir, readlink, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

import { LayersError } from '#layers/errors.ts'

import { giveTo, ownerFor } from './file-owner.ts'

const MAX_LINKS = 40

/**
 * The file that a path leads to: links are followed, so that they stay when the file is replaced. A link to nothing leads to
 * the file that is to be made.
 *
 * @throws LayersError `configUnreadable` for links in a circle
 */
export async function linkTarget(path: string): Promise<string> {
  let target = path
  for (let links = 0; links < MAX_LINKS; links += 1) {
    const next = await readLink(target)
    if (next === null) return target
    target = resolve(await realFolder(target), next)
  }
  throw new LayersError('configUnreadable', 'expected a file, got links that lead in a circle', { path })
}

async function readLink(path: string): Promise<string | null> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : null
  } catch {
    return null
  }
}

/** `..` in a link goes up from where the link really is. */
async function realFolder(path: string): Promise<string> {
  try {
    return await realpath(dirname(path))
  } catch {
    return dirname(path)
  }
}

/**
 * Puts a text in a file's place: whoever reads meanwhile gets the old or the new text, and so does everybody after a crash.
 * The file is private (0600) and keeps its owner.
 *
 * @param mayReplace asked at the last moment; false leaves the file as it is
 * @returns whether it was replaced
 */
export async function replaceFile(
  path: string,
  text: string,
  mayReplace: () => Promise<boolean>,
): Promise<boolean> {
  const temporary = join(dirname(path), temporaryName(path, randomBytes(8).toString('hex')))
  try {
    await writeDurably(temporary, text, path)
    if (!(await mayReplace())) {
      await rm(temporary, { force: true })
      return false
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
  return true
}

/** Removes what writers of this file have left behind that were stopped. Nobody else may be writing it. */
export async function sweepTemporaries(path: string): Promise<void> {
  const folder = dirname(path)
  const names = (await readdir(folder)).filter((name) => isTemporary(name, path))
  for (const name of names) await rm(join(folder, name), { force: true })
}

function temporaryName(path: string, random: string): string {
  return `.${basename(path)}.${random}.tmp`
}

function isTemporary(name: string, path: string): boolean {
  const random = name.slice(basename(path).length + 2, -'.tmp'.length)
  return /^[0-9a-f]{16}$/.test(random) && name === temporaryName(path, random)
}

async function writeDurably(temporary: string, text: string, path: string): Promise<void> {
  const owner = await ownerFor(path)
  const handle = await open(temporary, 'wx', 0o600)
  await closing(handle, async () => {
    await giveTo(owner, handle)
    await handle.writeFile(text)
    await handle.sync()
  })
}

/** Without this, a file that was renamed may be the old one again after a loss of power. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  await closing(handle, async () => {
    await handle.sync()
  })
}

async function closing(handle: FileHandle, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } finally {
    await handle.close()
  }
}
