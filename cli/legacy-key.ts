import { readFile } from 'node:fs/promises'

import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import { createLegacyReader, type LegacyReader } from '#secrets/legacy.ts'

/**
 * Reads the reference system's key and IV from a file of two lines; `none` gives `null`.
 *
 * @throws AppError `SETTING_INVALID`
 */
export async function readLegacyReader(file: string): Promise<LegacyReader | null> {
  if (file === 'none') return null
  const [key, iv, ...rest] = (await readLines(file)).map((line) => new Secret(line))
  if (key === undefined || iv === undefined || rest.length > 0) {
    throw new AppError('SETTING_INVALID', `legacy-key: expected two lines in ${file}, the key and the IV`)
  }
  return createLegacyReader({ key, iv })
}

async function readLines(file: string): Promise<readonly string[]> {
  try {
    return (await readFile(file, 'utf8')).trimEnd().split(/\r?\n/)
  } catch (cause) {
    throw new AppError('SETTING_INVALID', `legacy-key: expected a file at ${file}, which cannot be read`, {
      cause,
    })
  }
}
