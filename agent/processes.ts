import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename } from 'node:path'

import type { ListProcesses, RunningProcess } from './ports.ts'

/** Linux cuts the names of programs off here. */
const COMM_LENGTH = 15

const INTERPRETERS = new Set(['node', 'nodejs', 'bun', 'deno', 'python', 'python3', 'MainThread'])

/** Lists processes as this system shows them: `/proc` on Linux, `ps` elsewhere. */
export function processLister(platform: NodeJS.Platform): ListProcesses {
  return platform === 'linux' ? async () => listFromProc('/proc') : listFromPs
}

/** Lists this user's processes from a `/proc` folder. Those that end meanwhile are left out. */
export function listFromProc(proc: string): readonly RunningProcess[] | null {
  try {
    const pids = readdirSync(proc).filter((name) => /^\d+$/.test(name))
    return pids.flatMap((pid) => readProcess(proc, pid) ?? [])
  } catch {
    return null
  }
}

function readProcess(proc: string, pid: string): RunningProcess | null {
  try {
    if (statSync(`${proc}/${pid}`).uid !== process.getuid?.()) return null
    const { comm, parentPid } = parseStat(readStart(`${proc}/${pid}/stat`))
    const name = isAmbiguous(comm) ? nameOf(readStart(`${proc}/${pid}/cmdline`), comm) : comm
    return { pid: Number(pid), parentPid, name }
  } catch {
    return null
  }
}

// Node's own reading takes 64 KiB for each file of unknown size: megabytes for the processes of one machine.
const START = Buffer.alloc(4096)

function readStart(path: string): string {
  const handle = openSync(path, 'r')
  try {
    return START.toString('utf8', 0, readSync(handle, START))
  } finally {
    closeSync(handle)
  }
}

function parseStat(text: string): { readonly comm: string; readonly parentPid: number } {
  const end = text.lastIndexOf(')')
  const [, parentPid = '0'] = text.slice(end + 2).split(' ')
  return { comm: text.slice(text.indexOf('(') + 1, end), parentPid: Number(parentPid) }
}

function isAmbiguous(comm: string): boolean {
  return comm.length >= COMM_LENGTH || INTERPRETERS.has(comm)
}

// Only the name of the program or script is kept: arguments may hold secrets.
function nameOf(commandLine: string, comm: string): string {
  const [program = '', script = ''] = commandLine.split('\0')
  const name = basename(program)
  if (!INTERPRETERS.has(comm) && !INTERPRETERS.has(name)) return name || comm
  return script === '' || script.startsWith('-') ? name : basename(script)
}

async function listFromPs(): Promise<readonly RunningProcess[] | null> {
  // Loaded when needed: on Linux it never is.
  const { execFile } = await import('node:child_process')
  const options = { timeout: 5000, maxBuffer: 4_194_304 }
  return new Promise((resolve) => {
    execFile('ps', ['-x', '-o', 'pid=,ppid=,comm='], options, (error, stdout) =>
      resolve(error === null ? parsePs(stdout) : null),
    )
  })
}

/** Reads what `ps -o pid=,ppid=,comm=` prints; the program may be a whole path. */
export function parsePs(text: string): readonly RunningProcess[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, parentPid, program] = /^\s*(\d+)\s+(\d+)\s+(.+?)\s*$/.exec(line) ?? []
    return program === undefined
      ? []
      : [{ pid: Number(pid), parentPid: Number(parentPid), name: basename(program) }]
  })
}
