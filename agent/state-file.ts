import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The one file of the state folder. */
export const STATE_FILE = 'state.json'

/** Names of what a killed write of it may leave. */
export const STATE_TEMPORARY = /^\.state-[0-9a-f]{16}\.tmp$/

/**
 * Replaces the state file by a text: old or new if the process dies, readable by nobody else (0600 in a folder of 0700).
 *
 * With `durable` also if the machine does; that takes as long as the disk needs.
 */
export function replaceStateFile(
  folder: string,
  text: string,
  { durable }: { readonly durable: boolean },
): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const temporary = join(folder, `.state-${randomBytes(8).toString('hex')}.tmp`)
  try {
    withHandle(temporary, 'wx', (handle) => {
      writeFileSync(handle, text)
      if (durable) fsyncSync(handle)
    })
    renameSync(temporary, join(folder, STATE_FILE))
  } finally {
    rmSync(temporary, { force: true })
  }
  if (durable) withHandle(folder, 'r', fsyncSync)
}

function withHandle(path: string, flags: string, use: (handle: number) => void): void {
  const handle = openSync(path, flags, 0o600)
  try {
    use(handle)
  } finally {
    closeSync(handle)
  }
}
