import { systemCodeOf } from './command-failure.ts'
import { Folder, isSameFile, statLink } from './folder.ts'
import type { Home } from './home.ts'
import { type FileContent, readFileIn } from './read-auth-file.ts'
import { type Location, namesInside } from './target-path.ts'
import { sweepTemporaryFiles } from './temporary-file.ts'

/** A regular file that is there, read, with its folder held open. */
export interface ExistingFile {
  readonly folder: Folder
  readonly name: string
  readonly seen: FileContent
}

/** Decides by its text whether the file that is there may go. */
export type MayGo = (text: string) => boolean

/**
 * Hands over the file at a location, if it is there and may go.
 *
 * Links, folders and pipes are never handed over: `skipped_existing`.
 */
export function withExistingFile<T>(
  { home, location, mayGo }: { readonly home: Home; readonly location: Location; readonly mayGo: MayGo },
  change: (file: ExistingFile) => T,
): T | 'absent' | 'skipped_existing' {
  const folder = openIfThere(home, location)
  if (folder === null) return 'absent'
  try {
    sweepTemporaryFiles(folder)
    const stats = statLink(folder.at(location.name))
    if (stats === undefined) return 'absent'
    if (!stats.isFile()) return 'skipped_existing'
    const seen = readFileIn(folder, location.name)
    return mayGo(seen.bytes.toString()) ? change({ folder, name: location.name, seen }) : 'skipped_existing'
  } finally {
    folder.close()
  }
}

function openIfThere(home: Home, location: Location): Folder | null {
  try {
    return Folder.open(home, namesInside(home, location.folder), { create: false })
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return null
    throw error
  }
}

/** Tells whether nobody touched the file since it was read: a CLI that refreshed its login meanwhile keeps it. */
export function isUntouched({ folder, name, seen }: ExistingFile): boolean {
  folder.confirm()
  const now = statLink(folder.at(name))
  return (
    now !== undefined &&
    isSameFile(now, seen.stats) &&
    now.size === seen.stats.size &&
    now.mtimeNs === seen.stats.mtimeNs &&
    now.ctimeNs === seen.stats.ctimeNs
  )
}
