import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs'

import { badRequest, PATH_TEXTS, systemCodeOf } from './command-failure.ts'
import { type Folder, isSameFile, statLink } from './folder.ts'

const NAME = /^\.runtimeconfig-[0-9a-f]{16}\.tmp$/
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** Writes bytes to a new file of mode 0600 beside the target and waits until they are on disk. Returns its name. */
export function writeTemporaryFile(folder: Folder, bytes: Buffer): string {
  folder.confirm()
  const name = `.runtimeconfig-${randomBytes(8).toString('hex')}.tmp`
  const handle = openSync(folder.at(name), FLAGS, 0o600)
  try {
    refuseElsewhere(folder, name, handle)
    fchmodSync(handle, 0o600)
    for (let written = 0; written < bytes.length;) written += writeSync(handle, bytes, written)
    fsyncSync(handle)
  } catch (error) {
    removeName(folder, name)
    throw error
  } finally {
    closeSync(handle)
  }
  return name
}

// Where names are reached by path, a swap in between could have made the file elsewhere: it is still empty, and stays so.
function refuseElsewhere(folder: Folder, name: string, handle: number): void {
  folder.confirm()
  if (!isSameFile(statLink(folder.at(name)), fstatSync(handle, { bigint: true }))) {
    throw badRequest(PATH_TEXTS.leaves)
  }
}

/** Removes what a writer that was killed left behind, ours or an executor's script. Returns how many files that were. */
export function sweepTemporaryFiles(folder: Folder): number {
  folder.confirm()
  const stale = readdirSync(folder.path, { withFileTypes: true }).filter(
    (entry) => entry.isFile() && NAME.test(entry.name),
  )
  for (const entry of stale) removeName(folder, entry.name)
  return stale.length
}

/** Removes a name; one that is gone already is fine. */
export function removeName(folder: Folder, name: string): void {
  try {
    unlinkSync(folder.at(name))
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error
  }
}
