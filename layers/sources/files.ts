import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

import { LayersError } from '#layers/errors.ts'

/** What reading layers asks of a file system. */
export interface LayersFs {
  /**
   * The bytes of a file as they were at one moment, links followed.
   *
   * @returns null when there is no such file, a link to nothing included
   * @throws LayersError `configUnreadable` naming the path, for anything else that is no readable file. Never hangs.
   */
  readFile(path: string): Promise<Uint8Array | null>
  /** What is at a path, links followed; null when nothing is, or nothing that may be looked at. */
  kind(path: string): Promise<'file' | 'folder' | 'other' | null>
  /** The path without links, or the path itself when it leads nowhere. */
  realPath(path: string): Promise<string>
}

/** What reading layers asks of a file system where a source is a folder of files. */
export interface LayersFolders extends LayersFs {
  /** The names in a folder, sorted; empty when there is no such folder, or none that may be looked into. */
  names(folder: string): Promise<readonly string[]>
}

/** The time, as reading files needs it. */
export interface ReadingClock {
  /** Milliseconds since 1970, as file systems date changes. */
  now(): number
  pause(ms: number): Promise<void>
}

/** Largest file that is read, in bytes. A configuration of this size is a mistake. */
export const MAX_FILE_BYTES = 1024 * 1024

/** The files of this machine. */
export function nodeFs(clock: ReadingClock = MACHINE_CLOCK): LayersFolders {
  return {
    readFile: (path) => readFile(path, clock),
    kind: kindAt,
    async realPath(path) {
      try {
        return await realpath(path)
      } catch {
        return path
      }
    },
    async names(folder) {
      try {
        return (await readdir(folder)).toSorted()
      } catch {
        return []
      }
    },
  }
}

const MACHINE_CLOCK: ReadingClock = {
  now: () => Date.now(),
  pause: async (ms) => {
    await setTimeout(ms)
  },
}

/** How often a file that changes meanwhile is read before it is given up. */
const MAX_TRIES = 40

// What was written a moment ago is looked at again when this time has passed: a program that rewrites a file in place may be
// in the middle of it, and file systems date changes to some milliseconds only. Such a program empties the file first, so
// an empty file is given more time: as long as a busy machine may take between two steps of that program.
const SETTLE_MS = 30
const SETTLE_EMPTY_MS = 100

async function readFile(path: string, clock: ReadingClock): Promise<Uint8Array | null> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const picture = await takePicture(path)
    if (picture === null) return null
    const age = clock.now() - Number(picture.changedNs / 1_000_000n)
    const settleMs = picture.bytes.length === 0 ? SETTLE_EMPTY_MS : SETTLE_MS
    const isSettled = age < 0 || age >= settleMs
    if (picture.isConsistent && isSettled) return picture.bytes
    await clock.pause(isSettled ? 1 : Math.min(SETTLE_MS, settleMs - age))
  }
  throw unreadable(path, 'the file keeps changing while it is read; try again when it is at rest')
}

interface Picture {
  readonly bytes: Uint8Array
  /** Whether the file was the same before and after it was read. One that was replaced meanwhile was whole, too. */
  readonly isConsistent: boolean
  readonly changedNs: bigint
}

// Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

async function takePicture(path: string): Promise<Picture | null> {
  let handle: FileHandle
  try {
    handle = await open(path, FLAGS)
  } catch (error) {
    return missingOrThrow(error, path)
  }
  try {
    const before = await handle.stat({ bigint: true })
    if (before.isCharacterDevice()) return await readDevice(handle, path)
    if (!before.isFile()) throw unreadable(path, `expected a file, got ${nameOf(before)}`)
    const bytes = await readBytes(handle, path, Number(before.size))
    const after = await handle.stat({ bigint: true })
    const isConsistent = isSame(before, after) && BigInt(bytes.length) === after.size
    return { bytes, isConsistent, changedNs: after.mtimeNs }
  } catch (error) {
    throw toUnreadable(error, path)
  } finally {
    await handle.close()
  }
}

function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return one.size === other.size && one.mtimeNs === other.mtimeNs && one.ino === other.ino
}

/** The null device stands in for an empty file where a file is to be hidden; others are no files. */
async function readDevice(handle: FileHandle, path: string): Promise<Picture> {
  const { bytesRead } = await handle.read(new Uint8Array(1), 0, 1, null)
  if (bytesRead > 0) throw unreadable(path, 'expected a file, got a device')
  return { bytes: new Uint8Array(), isConsistent: true, changedNs: 0n }
}

const CHUNK_BYTES = 64 * 1024

/**
 * Reads to the end and not to a size that was true before. A read that brings less than was asked for is the last one.
 *
 * @param size a guess, which saves reads when it is right
 */
async function readBytes(handle: FileHandle, path: string, size: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for (let chunk = Math.min(size, MAX_FILE_BYTES) + 1; ; chunk = CHUNK_BYTES) {
    const { bytesRead, buffer } = await handle.read(new Uint8Array(chunk), 0, chunk, length)
    chunks.push(buffer.subarray(0, bytesRead))
    length += bytesRead
    if (length > MAX_FILE_BYTES) {
      throw unreadable(path, `expected at most ${String(MAX_FILE_BYTES)} bytes, got more`)
    }
    if (bytesRead < chunk) return chunks.length === 1 ? buffer.subarray(0, bytesRead) : Buffer.concat(chunks)
  }
}

async function kindAt(path: string): Promise<'file' | 'folder' | 'other' | null> {
  try {
    const stats = await stat(path)
    if (stats.isFile()) return 'file'
    return stats.isDirectory() ? 'folder' : 'other'
  } catch {
    return null
  }
}

function nameOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'a folder'
  if (stats.isFIFO()) return 'a pipe'
  return stats.isSocket() ? 'a socket' : 'a device'
}

function missingOrThrow(error: unknown, path: string): null {
  if (codeOf(error) === 'ENOENT') return null
  throw toUnreadable(error, path)
}

function toUnreadable(error: unknown, path: string): unknown {
  if (error instanceof LayersError) return error
  const code = codeOf(error)
  if (code === null) return error
  return unreadable(path, REASONS.get(code) ?? `it cannot be read (${code})`, error)
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'expected a file that may be read, got one without permission'],
  ['EPERM', 'expected a file that may be read, got one without permission'],
  ['EISDIR', 'expected a file, got a folder'],
  ['ENXIO', 'expected a file, got a socket or a device'],
  ['ENOTDIR', 'expected a folder before the last part of the path, got something else'],
  ['ELOOP', 'expected a file, got links that lead in a circle'],
  ['ENAMETOOLONG', 'expected a path that fits, got one that is too long'],
  ['ERR_INVALID_ARG_VALUE', 'expected a path without null characters'],
])

function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}

function unreadable(path: string, reason: string, cause?: unknown): LayersError {
  return new LayersError('configUnreadable', reason, { path, cause })
}
