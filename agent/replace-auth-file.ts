import { renameSync } from 'node:fs'

import { toFileFailure } from './command-failure.ts'
import { type ExistingFile, isUntouched, type MayGo, withExistingFile } from './existing-file.ts'
import type { Home } from './home.ts'
import type { Location } from './target-path.ts'
import { removeName, writeTemporaryFile } from './temporary-file.ts'

/** What is to stand in place of which file. */
export interface Replacement {
  readonly location: Location
  readonly text: string
  readonly mayGo: MayGo
}

/**
 * Replaces a runtime's auth file by another text, if the one that is there may go.
 *
 * Old or new, never anything between: a temporary file is renamed over it, after one more look whether it was touched.
 *
 * @throws CommandFailure
 */
export function replaceAuthFile(home: Home, { location, text, mayGo }: Replacement) {
  try {
    return withExistingFile({ home, location, mayGo }, (file) => replace(file, Buffer.from(text)))
  } catch (error) {
    throw toFileFailure('write', error)
  }
}

function replace(file: ExistingFile, bytes: Buffer): 'written' | 'skipped_existing' {
  const { folder, name } = file
  const temporary = writeTemporaryFile(folder, bytes)
  try {
    if (!isUntouched(file)) return 'skipped_existing'
    renameSync(folder.at(temporary), folder.at(name))
  } finally {
    removeName(folder, temporary)
  }
  folder.sync()
  return 'written'
}
