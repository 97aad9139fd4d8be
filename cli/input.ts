import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'

import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'

/** Reads a secret text from a file, or from stdin when `file` is `null` or `-`. @throws AppError `REQUEST_MALFORMED` naming the file */
export async function readSecretText(file: string | null): Promise<Secret<string>> {
  if (file === null || file === '-') return new Secret(await text(process.stdin))
  try {
    return new Secret(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new AppError('REQUEST_MALFORMED', `expected a file at ${file}, which cannot be read`, { cause })
  }
}
