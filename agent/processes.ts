import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'

import type { ListProcesses, RunningProcess } from './ports.ts'

/** Linux cuts the names of programs off here. */
const COMM_LENGTH = 15

const INTERPRETERS = new Set(['node', 'nodejs', 'bun', 'deno', 'python', 'python3', 'MainThread'])

/** Lists processes as this system shows them: `/proc` on Linux, `ps` elsewhere. */
export function processLister(platform: NodeJS.Platform): ListProcesses {
  return platform === 'linux' ? () => listFromProc('/proc') : listFromPs
}

/** Lists this user's processes from a `/proc` folder. Those that end meanwhile are left out. */
export async function listFromProc(proc: string): Promise<readonly RunningProcess[] | null> {
  try {
    const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name))
    const found: RunningProcess[] = []
    // One after the other: a machine with thousands of processes must not cost thousands of open files.
    for (const pid of pids) {
      const running = await readProcess(proc, pid)
      if (running !== null) found.push(running)
    }
    return found
  } catch {
    return null
  }
}

async function readProcess(proc: string, pid: string): Promise<RunningProcess | null> {
  try {
    if ((await stat(`${proc}/${pid}`)).uid !== process.getuid?.()) return null
    const { comm, parentPid } = parseStat(await readFile(`${proc}/${pid}/stat`, 'utf8'))
    const name = isAmbiguous(comm) ? nameOf(await readFile(`${proc}/${pid}/cmdline`, 'utf8'), comm) : comm
    return { pid: Number(pid), parentPid, name }
  } catch {
    return null
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
  try {
    const columns = ['-x', '-o', 'pid=,ppid=,comm=']
    const { stdout } = await promisify(execFile)('ps', columns, { timeout: 5000, maxBuffer: 4_194_304 })
    return parsePs(stdout)
  } catch {
    return null
  }
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
