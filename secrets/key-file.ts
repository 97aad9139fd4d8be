import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, link, mkdir, open, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { AppError } from '#core/errors.ts'

/** How a key file is opened. */
export interface KeyFileOptions {
  /** Refuse instead of making a new file: what is stored already could not be opened with a new key. */
  readonly mustExist?: boolean
  /** Only look: make nothing, and leave what a killed first start left behind. */
  readonly readOnly?: boolean
  /** Something else puts it there and sets its modes, such as a cluster that mounts a Secret: only read it. */
  readonly isMounted?: boolean
}

interface KeyFile extends KeyFileOptions {
  readonly path: string
  /** What the file is, for messages. */
  readonly noun: string
  /** Makes the text of a new file. */
  readonly create: () => string
}

const MAX_BYTES = 1024 * 1024
const OTHERS = 0o077

/**
 * Reads a file of keys, made on first use.
 *
 * A new file appears whole or not at all, with mode 0600, on disk before its text is used. Of several processes that make it at
 * once one wins, and all read the winner's.
 *
 * @throws AppError `KEYRING_UNUSABLE`
 */
export async function openKeyFile(file: KeyFile): Promise<string> {
  const existing = await readKeyFile(file)
  if (existing !== undefined) {
    if (!file.readOnly && !file.isMounted) await sweepDrafts(file.path)
    return existing
  }
  if (file.isMounted)
    throw unusable(
      file,
      'it does not exist; mount it there, or make it with: runtimeconfig keys create FOLDER',
    )
  if (file.mustExist || file.readOnly) throw unusable(file, 'it does not exist; restore it from a backup')
  await createKeyFile(file)
  const created = await readKeyFile(file)
  if (created === undefined) throw unusable(file, 'its name is taken by a dangling link; remove the link')
  return created
}

async function readKeyFile(file: KeyFile): Promise<string | undefined> {
  let handle: FileHandle | undefined
  try {
    // Non-blocking, because opening a named pipe would wait for a writer for ever.
    handle = await open(file.path, constants.O_RDONLY | constants.O_NONBLOCK)
    refuseUnsafe(file, await handle.stat())
    return await readBounded(file, handle)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw translate(error, file, 'let the user that runs this program read it')
  } finally {
    await handle?.close()
  }
}

function refuseUnsafe(file: KeyFile, stats: Stats): void {
  if (!stats.isFile()) throw unusable(file, 'it is not a regular file; name the file itself')
  if (file.isMounted || (stats.mode & OTHERS) === 0) return
  const mode = (stats.mode & 0o777).toString(8).padStart(4, '0')
  throw unusable(
    file,
    `others may read or change it (mode ${mode}); run: chmod 600 ${JSON.stringify(file.path)}`,
  )
}

async function readBounded(file: KeyFile, handle: FileHandle): Promise<string> {
  const buffer = Buffer.alloc(MAX_BYTES + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    length += bytesRead
    if (length > MAX_BYTES) throw unusable(file, `it is over ${MAX_BYTES} bytes; restore it from a backup`)
    if (bytesRead === 0) return buffer.toString('utf8', 0, length)
  }
}

async function createKeyFile(file: KeyFile): Promise<void> {
  const folder = dirname(file.path)
  const draft = join(folder, `${draftPrefix(file.path)}${randomBytes(8).toString('hex')}`)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeDraft(draft, file.create())
    await publish(draft, file.path)
    await syncFolder(folder)
  } catch (error) {
    throw translate(error, file, 'let the user that runs this program write to its folder')
  } finally {
    await rm(draft, { force: true })
  }
}

async function writeDraft(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

// A link fails if the name is taken, so the first of several processes wins and nobody ever sees half a file. A draft that is gone
// was swept by a process that found the winner's file.
async function publish(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' && codeOf(error) !== 'ENOENT') throw error
  }
}

// What a killed first start left behind may be a second name of the very key. A folder that may not be changed is no reason to stop.
async function sweepDrafts(path: string): Promise<void> {
  const folder = dirname(path)
  const names = await readdir(folder).catch(() => [])
  const drafts = names.filter((name) => name.startsWith(draftPrefix(path)))
  await Promise.all(drafts.map((name) => rm(join(folder, name), { force: true }).catch(() => undefined)))
}

function draftPrefix(path: string): string {
  return `.${basename(path)}.new-`
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function translate(error: unknown, file: KeyFile, advice: string): unknown {
  const code = codeOf(error)
  if (error instanceof AppError || code === undefined) return error
  return unusable(file, `${code}; ${advice}`, error)
}

function unusable(file: KeyFile, why: string, cause?: unknown): AppError {
  return new AppError('KEYRING_UNUSABLE', `the ${file.noun} ${file.path} cannot be used: ${why}`, { cause })
}
