import { stat } from 'node:fs/promises'

import { AppError } from '#core/errors.ts'

const ANYBODY_WRITES = 0o002

/**
 * Refuses a data folder that is something else, or that anybody may change: who can put a file there can put a signing key
 * there, and be everybody. One that is not there yet is fine: it is made.
 *
 * @throws AppError `SETTING_INVALID`
 */
export async function requireFolderOrNothing(path: string): Promise<void> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new AppError('SETTING_INVALID', refusal(path, error.code ?? error.message), { cause: error })
  })
  if (stats === null) return
  if (!stats.isDirectory()) throw new AppError('SETTING_INVALID', refusal(path, 'a file'))
  if ((stats.mode & ANYBODY_WRITES) === 0) return
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0')
  throw new AppError(
    'SETTING_INVALID',
    `data: expected a folder that others cannot change, got mode ${mode}; run: chmod 700 ${JSON.stringify(path)}`,
  )
}

function refusal(path: string, got: string): string {
  return `data: expected a folder at ${path}, got ${got}; name another with --data`
}
