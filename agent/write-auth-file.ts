import { linkSync } from 'node:fs'

import { COMMAND_EXIT } from '#protocol/command-env.ts'

import { CommandFailure, systemCodeOf, toFileFailure } from './command-failure.ts'
import { Folder, statLink } from './folder.ts'
import type { Home } from './home.ts'
import { type Location, namesInside } from './target-path.ts'
import { removeName, sweepTemporaryFiles, writeTemporaryFile } from './temporary-file.ts'

/**
 * Writes a runtime's auth file, or leaves an existing one alone.
 *
 * The file is complete or not there at all, whatever dies when: a temporary file, then a link that fails if the name is
 * taken. Whatever is there already (file, directory, dangling link) is never touched: the device's owner wins.
 *
 * @throws CommandFailure when the folder is not allowed (64), or the file system refuses (74)
 */
export function writeAuthFile(home: Home, location: Location, text: string): 'written' | 'skipped_existing' {
  try {
    const folder = Folder.open(home, namesInside(home, location.folder), { create: true })
    try {
      sweepTemporaryFiles(folder)
      if (statLink(folder.at(location.name)) !== undefined) return 'skipped_existing'
      return putTwice(folder, location.name, Buffer.from(text))
    } finally {
      folder.close()
    }
  } catch (error) {
    throw toFileFailure('write', error)
  }
}

// The clean-up of another writer may take our temporary file away once.
function putTwice(folder: Folder, name: string, bytes: Buffer): 'written' | 'skipped_existing' {
  try {
    return put(folder, name, bytes)
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error
    return put(folder, name, bytes)
  }
}

function put(folder: Folder, name: string, bytes: Buffer): 'written' | 'skipped_existing' {
  const temporary = writeTemporaryFile(folder, bytes)
  try {
    folder.confirm()
    linkSync(folder.at(temporary), folder.at(name))
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return 'skipped_existing'
    throw isWithoutLinks(error) ? withoutLinks(error) : error
  } finally {
    removeName(folder, temporary)
  }
  folder.sync()
  return 'written'
}

function isWithoutLinks(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'ENOSYS'].includes(systemCodeOf(error) ?? '')
}

function withoutLinks(cause: unknown): CommandFailure {
  const text = 'failed to write runtime auth file: the file system has no hard links'
  return new CommandFailure(COMMAND_EXIT.ioFailed, text, { cause })
}
