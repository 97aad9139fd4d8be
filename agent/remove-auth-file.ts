import { toFileFailure } from './command-failure.ts'
import { isUntouched, type MayGo, withExistingFile } from './existing-file.ts'
import type { Home } from './home.ts'
import type { Location } from './target-path.ts'
import { removeName } from './temporary-file.ts'

/**
 * Removes a runtime's auth file, if it may go and nobody touched it meanwhile.
 *
 * @throws CommandFailure
 */
export function removeAuthFile(home: Home, location: Location, mayGo: MayGo) {
  try {
    return withExistingFile({ home, location, mayGo }, (file) => {
      if (!isUntouched(file)) return 'skipped_existing'
      removeName(file.folder, file.name)
      file.folder.sync()
      return 'removed'
    })
  } catch (error) {
    throw toFileFailure('remove', error)
  }
}
