import { resolve } from 'node:path'

import { LayersError, readIn } from '#layers/errors.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'
import { readTomlBytes } from '#layers/toml/read.ts'
import { type ConfigEdit, planWrite, type WritePlan, type WriteResult } from '#layers/write/write.ts'

import type { LayersFs } from './files.ts'
import { isSameContent, withLockedFile } from './locked-write.ts'
import { replaceFile } from './replace-file.ts'

/** A write of the user layer. */
export interface UserConfigWrite {
  readonly fs: LayersFs
  /** File of the user layer, absolute. */
  readonly userFile: string
  /**
   * Loads the layers as they are, `forEditing`; asked while the file is locked, again when somebody else has changed it
   * meanwhile.
   */
  load(): Promise<ConfigLayerStack>
  readonly edits: readonly ConfigEdit[]
  /** The version that the edits are based on; absent or null: any. */
  readonly expectedVersion?: string | null
  /** The file that the caller means; refused when it is not the user's. */
  readonly filePath?: string | null
  /** Folder that `~/` stands for, as in `load`. */
  readonly home?: string
}

/** What came of a write. */
export interface UserConfigWritten extends WriteResult {
  /** The version that the next read reports, good for the next write. */
  readonly nextVersion: string
  /** false when the edits change nothing: then nothing was written. */
  readonly changed: boolean
}

/**
 * Edits the user's file: all edits or none, one writer at a time, whole or not at all.
 *
 * The file becomes a new one with the mode 0600, links to it stay, and its folder is made if it is missing. A process that
 * is killed leaves the old text or the new one; what else it leaves is removed by the next write. Programs that know nothing
 * of the lock are noticed up to the moment of the replacement.
 *
 * @throws LayersError those of `planWrite` and of `load`; `configLayerReadonly` also when the file may not be written,
 *   `configUnreadable` when others keep changing it
 */
export async function writeUserConfig(write: UserConfigWrite): Promise<UserConfigWritten> {
  const { userFile, filePath = null } = write
  if (filePath !== null && resolve('/', filePath) !== resolve(userFile)) {
    throw new LayersError('configLayerReadonly', 'Only writes to the user config are allowed')
  }
  const plan = await withLockedFile(userFile, async (target) => await writeLocked(write, target))
  return { ...plan.result, nextVersion: plan.nextVersion, changed: plan.changed }
}

/** How often a write is planned anew because another program has changed the file. */
const MAX_TRIES = 10

async function writeLocked(write: UserConfigWrite, target: string): Promise<WritePlan> {
  const { fs, userFile } = write
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const before = await fs.readFile(userFile)
    const stack = await write.load()
    const isUnchanged = async (): Promise<boolean> => isSameContent(before, await fs.readFile(userFile))
    if (!(await isUnchanged())) continue
    const text = readIn(userFile, () => readTomlBytes(before ?? new Uint8Array()))
    const plan = planWrite({ ...write, stack, text })
    if (!plan.changed || (await replaceFile(target, plan.text, isUnchanged))) return plan
  }
  const reason = 'another program keeps changing it; try again when it is at rest'
  throw new LayersError('configUnreadable', reason, { path: userFile })
}
