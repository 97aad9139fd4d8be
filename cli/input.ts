import { createReadStream } from 'node:fs'

import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'

import { readBoundedText } from './bounded-text.ts'

// Far above what a server takes, so that the server's own limit is the one that is met.
const MAX_BYTES = 16 * 1024 * 1024

/** Reads a secret text from a file, or from stdin when `file` is `null` or `-`. @throws AppError `REQUEST_MALFORMED` naming the source */
export async function readSecretText(file: string | null): Promise<Secret<string>> {
  // A URL or a document typed as an argument may hold a password, which must not be repeated as the name of a file.
  if (file !== null && /:\/\/|[{}\n]/.test(file)) {
    throw new AppError(
      'REQUEST_MALFORMED',
      'expected the name of a file, got what looks like the secret itself; pipe it in instead: arguments show in process lists',
    )
  }
  const isStdin = file === null || file === '-'
  if (isStdin && process.stdin.isTTY) process.stderr.write('reading from the terminal; end with Ctrl-D\n')
  const source = isStdin ? 'stdin' : file
  const read = await readBoundedText(isStdin ? process.stdin : createReadStream(file), MAX_BYTES).catch(
    (cause: unknown) => {
      throw new AppError('REQUEST_MALFORMED', `expected a file at ${source}, which cannot be read`, { cause })
    },
  )
  if ('unfit' in read) {
    throw new AppError('REQUEST_MALFORMED', `expected ${source} to be ${EXPECTED[read.unfit]}`)
  }
  if (read.text.trim() === '')
    throw new AppError('REQUEST_MALFORMED', `expected text from ${source}, got nothing`)
  return new Secret(read.text)
}

const EXPECTED = { 'too-large': `at most ${MAX_BYTES} bytes`, 'not-utf8': 'UTF-8 text' } as const
