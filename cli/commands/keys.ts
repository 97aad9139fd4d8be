import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import type { Context } from '#cli/context.ts'
import { readSecretText } from '#cli/input.ts'
import { toTable } from '#cli/output.ts'
import { AppError } from '#core/errors.ts'
import { addKeyringKey, createKeyringText, parseKeyring } from '#secrets/keyring.ts'
import { createSigningKeyText } from '#secrets/signing.ts'

type Told = Pick<Context, 'output'>

/** Makes the keys of a new installation in a folder: the two files of the Secret that replicas of a cluster mount. */
export async function createKeys({ output }: Told, name: string): Promise<void> {
  const folder = resolve(name)
  const { keyring, signingKey } = await makeKeyFiles(folder)
  output.json({ keyring, signing_key: signingKey })
  output.print(
    `keys are in ${folder}; without keyring.json nothing that is stored opens: keep a copy elsewhere`,
  )
  output.print(`next: kubectl create secret generic runtime-config-operator-keys --from-file=${folder}`)
}

/** Where keys are. */
export interface KeyFiles {
  readonly keyring: string
  readonly signingKey: string
}

/**
 * Makes a keyring and a signing key in a folder, for its owner alone; both or none.
 *
 * @throws AppError `SETTING_INVALID` when one is there already
 */
export async function makeKeyFiles(folder: string): Promise<KeyFiles> {
  const [keyring, signingKey] = [join(folder, 'keyring.json'), join(folder, 'signing-key.pem')]
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw unwritable(folder, cause)
  })
  await writeNew(keyring, createKeyringText())
  try {
    await writeNew(signingKey, createSigningKeyText())
  } catch (error) {
    // Half of the keys would be in the way of the next try.
    await rm(keyring, { force: true })
    throw error
  }
  return { keyring, signingKey }
}

/** Prints a keyring with one key more, which is the current one. */
export async function addKey({ output }: Told, file: string | null): Promise<void> {
  if (output.isTerminal) {
    throw new AppError(
      'REQUEST_MALFORMED',
      'what comes out is keys, and they would stay on this terminal; send them to a file: runtimeconfig keys add keyring.json > new.json',
    )
  }
  const text = await readSecretText(file)
  process.stdout.write(addKeyringKey(text.open(), sourceOf(file)))
}

/** Shows which keys a keyring has, by their names alone. */
export async function listKeys({ output }: Told, file: string | null): Promise<void> {
  const text = await readSecretText(file)
  const { keys, current } = parseKeyring(text.open(), sourceOf(file))
  const rows = [...keys.keys()].map((kid) => ({ kid, current: kid === current.kid }))
  output.json({ items: rows })
  const lines = toTable(
    rows,
    [
      { heading: 'KID', cell: (row) => row.kid },
      { heading: 'USE', cell: (row) => (row.current ? 'seals and opens' : 'opens') },
    ],
    output,
  )
  for (const line of lines) output.print(line)
}

async function writeNew(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: 'wx' }).catch((cause: unknown) => {
    throw unwritable(path, cause)
  })
}

function unwritable(path: string, cause: unknown): AppError {
  const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
  const why = isThere
    ? `${path} is there already, and keys are never replaced; name another folder`
    : `expected to be able to write ${path}; name another folder`
  return new AppError('SETTING_INVALID', why, { cause })
}

function sourceOf(file: string | null): string {
  return file === null || file === '-' ? 'on stdin' : file
}
