import { stat } from 'node:fs/promises'

import { AppError } from '#core/errors.ts'

/** Refuses a data folder that is something else. One that is not there yet is fine: it is made. @throws AppError `SETTING_INVALID` */
export async function requireFolderOrNothing(path: string): Promise<void> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new AppError('SETTING_INVALID', refusal(path, error.code ?? error.message), { cause: error })
  })
  if (stats !== null && !stats.isDirectory()) throw new AppError('SETTING_INVALID', refusal(path, 'a file'))
}

function refusal(path: string, got: string): string {
  return `data: expected a folder at ${path}, got ${got}; name another with --data`
}
