import { spawn } from 'node:child_process'
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'

export interface Build {
  /** What a person reads while it runs. */
  readonly say: string
  /** Writes `<target>.new`. */
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

const LOOK_AGAIN_MS = 500
const PROGRESS_MS = 10_000

/** Builds a file unless it is there. Two builders at once: one builds, the other waits for it, or takes over when it died. */
export async function buildOnce(target: string, build: Build): Promise<void> {
  const lock = `${target}.lock`
  while (!(await takeLock(lock))) {
    process.stdout.write(`waiting for another run that is ${build.say}\n`)
    await lockIsFree(lock)
  }
  try {
    if (await exists(target)) return
    await runWithProgress(build)
    await rename(`${target}.new`, target)
  } finally {
    await rm(lock, { force: true })
  }
}

async function takeLock(lock: string): Promise<boolean> {
  return writeFile(lock, String(process.pid), { flag: 'wx' }).then(
    () => true,
    () => false,
  )
}

async function lockIsFree(lock: string): Promise<void> {
  while (await exists(lock)) {
    const holder = Number(await readFile(lock, 'utf8').catch(() => ''))
    if (holder > 0 && !isAlive(holder)) return rm(lock, { force: true })
    await pause(LOOK_AGAIN_MS)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function runWithProgress({ say, command, cwd, env }: Build): Promise<void> {
  const [program = '', ...args] = command
  const startedAt = performance.now()
  process.stdout.write(`${say}\n`)
  const child = spawn(program, args, {
    cwd,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL)
  const progress = setInterval(() => {
    process.stdout.write(`… ${Math.round((performance.now() - startedAt) / 1000)} s\n`)
  }, PROGRESS_MS)
  try {
    const { promise, resolve, reject } = Promise.withResolvers<number | null>()
    child.once('error', reject)
    child.once('exit', resolve)
    const code = await promise
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code} in ${cwd}`)
  } finally {
    clearInterval(progress)
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
