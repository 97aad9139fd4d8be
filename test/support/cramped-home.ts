import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { EXECUTOR_SCRIPT } from '#protocol/executor-script/script.generated.ts'

import { aCommandEnv, type Answered, HAS_PYTHON } from './command-devices.ts'

const PROCESS = new URL('command-process.ts', import.meta.url).pathname

// Filling a disk takes a disk of one's own: a mount, which needs root or the right to be root in a namespace. Where neither
// is given, the next best: a limit on the size of files, and a folder whose mode allows nothing.
const CAN_MOUNT = spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'x', '/mnt']).status === 0

/** Shell commands that make `$HOME`, below `$PLACE`, a place where a write cannot work out, and what is said there. */
export interface CrampedHome {
  readonly prepare: string
  readonly error: string
}

export const FULL_DISK: CrampedHome = CAN_MOUNT
  ? {
      prepare:
        'mount -t tmpfs -o size=64k x "$PLACE"; mkdir "$HOME"; head -c 65536 /dev/zero >"$PLACE/ballast"',
      error: 'failed to write runtime auth file: no space left on device',
    }
  : {
      prepare: 'mkdir "$HOME"; trap "" XFSZ; ulimit -f 0',
      error: 'failed to write runtime auth file: file too large',
    }

export const READ_ONLY_HOME: CrampedHome = CAN_MOUNT
  ? {
      prepare: 'mkdir "$HOME"; mount -t tmpfs -o ro x "$HOME"',
      error: 'failed to write runtime auth file: read-only file system',
    }
  : {
      prepare: 'mkdir "$HOME"; chmod 0500 "$HOME"',
      error: 'failed to write runtime auth file: permission denied',
    }

const AGENT = [process.execPath, PROCESS, 'once', '$HOME', '$HOME/state', 'sync_runtime_auth_file']
const SCRIPT = ['python3', '-I', '-c', EXECUTOR_SCRIPT, 'write']

/** What obeys the write command, as processes. */
export const WRITERS: readonly (readonly [string, readonly string[]])[] = [
  ['our agent', AGENT],
  ...(HAS_PYTHON ? [['the script for other executors', SCRIPT] as const] : []),
]

/** Asks for a write in a cramped home; `left` is what lies in the home directory afterwards. */
export async function writeThere(writer: readonly string[], { prepare }: CrampedHome, place: string) {
  const home = join(place, 'home')
  const program = writer.map((word) => word.replace('$HOME', home))
  const script = `{ ${prepare}; } >/dev/null 2>&1; "$@"; code=$?; cd "$HOME"; find . -type f >&2; exit $code`
  const shell = ['sh', '-c', script, 'sh', ...program]
  const [command = '', ...args] = CAN_MOUNT ? ['unshare', '-Urm', ...shell] : shell
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], PLACE: place, HOME: home, ...aCommandEnv() },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [said, left, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  const answer: Answered = { exitCode, line: JSON.parse(said) as Answered['line'] }
  return { answer, left }
}
