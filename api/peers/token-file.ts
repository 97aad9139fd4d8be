import { readFile } from 'node:fs/promises'

import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'

/** This replica's own token, as it is now. */
export interface OwnToken {
  /** Rejects with `STORE_UNAVAILABLE` when the file cannot be read, or is empty, and nothing was read before. */
  read(): Promise<string>
}

/** The kubelet renews a projected token minutes before it ends. */
const READ_AGAIN_MS = 60_000

/** Reads a token file again each minute; one that cannot be read for a moment leaves the token of before. */
export function openTokenFile(path: string, clock: Clock): OwnToken {
  let known: { readonly token: string; readonly readAt: number } | null = null
  return {
    read: async () => {
      const now = clock.monotonic()
      if (known !== null && now - known.readAt < READ_AGAIN_MS) return known.token
      const token = await readToken(path)
      known = { token: token ?? known?.token ?? missing(path), readAt: now }
      return known.token
    },
  }
}

async function readToken(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim() || null
  } catch {
    return null
  }
}

function missing(path: string): never {
  throw new AppError(
    'STORE_UNAVAILABLE',
    `expected the token of this replica in ${path}; see --peer-token-file`,
  )
}
