import { LayersError } from '#layers/errors.ts'
import type { ThreadEntry } from '#layers/stack/thread-entries.ts'

/** Who knows what a thread brings along. */
export interface ThreadConfigLoader {
  /**
   * @param context folder that the thread works in, if any
   * @returns entries in the order in which they are laid on each other
   */
  load(context: { readonly cwd: string | null }): Promise<readonly ThreadEntry[]>
}

/**
 * Asks for the entries of a thread. A loader that fails ends the whole load: without its entries, another model provider
 * would be used than was meant.
 *
 * @throws LayersError `threadConfigFailed`
 */
export async function loadThreadEntries(
  loader: ThreadConfigLoader | undefined,
  cwd: string | undefined,
): Promise<readonly ThreadEntry[]> {
  if (loader === undefined) return []
  try {
    return await loader.load({ cwd: cwd ?? null })
  } catch (error) {
    throw new LayersError('threadConfigFailed', 'what the thread brings along could not be loaded', {
      cause: error,
    })
  }
}
