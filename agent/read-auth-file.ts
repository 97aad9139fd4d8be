import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { COMMAND_EXIT } from '#protocol/command-env.ts'

import { CommandFailure, systemCodeOf, toFileFailure } from './command-failure.ts'
import { Folder, statLink } from './folder.ts'
import type { Home } from './home.ts'
import { resolveLinks } from './links.ts'
import { type Location, namesInside } from './target-path.ts'

/** Larger files are no logins, and an answer could not carry them. */
const MAX_FILE_BYTES = 1_048_576

// Without O_NONBLOCK, opening a named pipe would wait for ever.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** A file's bytes and what it was like when they were read. */
export interface FileContent {
  readonly bytes: Buffer
  readonly stats: BigIntStats
}

/**
 * Reads a runtime's auth file. Links are followed as long as they stay inside the home directory.
 *
 * @throws CommandFailure 66 when it does not exist, 64 when it is not allowed, 74 when it cannot be read
 */
export function readAuthFile(home: Home, location: Location): FileContent {
  try {
    const names = namesOfFile(home, join(location.folder, location.name))
    const folder = Folder.open(home, names.slice(0, -1), { create: false })
    try {
      return readFileIn(folder, names[names.length - 1] ?? '.')
    } finally {
      folder.close()
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) throw missing()
    throw toFileFailure('read', error)
  }
}

// A link to nowhere is a file that does not exist, unless it leads out of the home directory.
function namesOfFile(home: Home, path: string): readonly string[] {
  const resolved = resolveLinks(path)
  if (!resolved.isBroken || statLink(path)?.isSymbolicLink() !== true) return namesInside(home, path)
  namesInside(home, dirname(resolved.path))
  throw missing()
}

/** Reads one regular file of an open folder, links not followed. Throws `ENOENT` when it is not there. */
export function readFileIn(folder: Folder, name: string): FileContent {
  folder.confirm()
  const handle = openSync(folder.at(name), FLAGS)
  try {
    const stats = fstatSync(handle, { bigint: true })
    if (!stats.isFile()) throw unreadable('not a regular file')
    const bytes = readBytes(handle, MAX_FILE_BYTES + 1)
    if (bytes.length > MAX_FILE_BYTES) throw unreadable(`larger than ${MAX_FILE_BYTES} bytes`)
    folder.confirm()
    return { bytes, stats }
  } finally {
    closeSync(handle)
  }
}

function readBytes(handle: number, limit: number): Buffer {
  const chunks: Buffer[] = []
  for (let rest = limit; rest > 0;) {
    const chunk = Buffer.alloc(Math.min(rest, 65_536))
    const count = readSync(handle, chunk)
    if (count === 0) break
    chunks.push(chunk.subarray(0, count))
    rest -= count
  }
  return Buffer.concat(chunks)
}

function missing(): CommandFailure {
  return new CommandFailure(COMMAND_EXIT.noFile, 'runtime auth file does not exist')
}

function unreadable(why: string): CommandFailure {
  return new CommandFailure(COMMAND_EXIT.ioFailed, `failed to read runtime auth file: ${why}`)
}
