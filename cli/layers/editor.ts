import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline/promises'

import { AppError } from '#core/errors.ts'

import type { LayersContext } from './layers-context.ts'

/** A private copy of a file that a person works on. */
export interface Draft {
  readonly path: string
  /** Opens it in the editor and gives what is in it afterwards. @throws AppError when the editor fails */
  edit(): Promise<Uint8Array>
  discard(): Promise<void>
}

/** Makes a copy in a folder that nobody else may look into. */
export async function createDraft(
  file: string,
  bytes: Uint8Array,
  environment: LayersContext['environment'],
): Promise<Draft> {
  const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-edit-'))
  const path = join(folder, basename(file))
  await writeFile(path, bytes, { mode: 0o600 })
  const discard = (): Promise<void> => rm(folder, { recursive: true, force: true })
  return {
    path,
    discard,
    async edit() {
      const ending = await runEditor(environment['VISUAL'] || environment['EDITOR'] || 'vi', path)
      const edited = await readDraft(path)
      if (ending === null) return edited
      const isKept = Buffer.compare(bytes, edited) !== 0
      if (!isKept) await discard()
      throw new AppError(
        'REQUEST_MALFORMED',
        `expected the editor to end well, got ${ending}; nothing was saved${isKept ? `, what it left is in ${path}` : ''}`,
      )
    },
  }
}

/** Some editors put a new file in the place of the old one, and some leave none. */
async function readDraft(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new AppError('REQUEST_MALFORMED', `expected the editor to leave a file at ${path}, got none`, {
      cause,
    })
  }
}

/**
 * The variable holds a command of the shell, such as `code --wait`.
 *
 * @returns how it ended, or null if well
 */
async function runEditor(editor: string, path: string): Promise<string | null> {
  // An interrupt is for the editor; without this it would end us as well and leave the editor alone.
  const ignore = (): void => {}
  process.on('SIGINT', ignore)
  try {
    const child = spawn('sh', ['-c', `${editor} "$@"`, 'sh', path], { stdio: 'inherit' })
    const [code]: unknown[] = await once(child, 'close')
    if (code === 0) return null
    if (code === 127) return 'the answer that there is no such command (set VISUAL or EDITOR)'
    return typeof code === 'number' ? `exit code ${String(code)}` : 'a signal'
  } finally {
    process.off('SIGINT', ignore)
  }
}

interface Streams {
  readonly stdin: NodeJS.ReadableStream
  readonly stderr: NodeJS.WritableStream
}

/** Asks a person a question that is answered by yes or no. Going away, by Ctrl-C or Ctrl-D, is a no. */
export async function confirm(
  question: string,
  fallback: boolean,
  { stdin, stderr }: Streams = process,
): Promise<boolean> {
  const terminal = createInterface({ input: stdin, output: stderr })
  const left = once(terminal, 'close').then(() => null)
  try {
    const answer = await Promise.race([
      terminal.question(`${question} ${fallback ? '[Y/n]' : '[y/N]'} `),
      left,
    ])
    if (answer === null) stderr.write('\n')
    return answer?.trim() === '' ? fallback : /^\s*y(es)?\s*$/i.test(answer ?? '')
  } finally {
    terminal.close()
  }
}
