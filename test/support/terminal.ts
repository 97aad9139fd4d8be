import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import {
  type Circumstances,
  type Ended,
  runInShell,
  type StartedProgram,
  startToEnd,
} from './installation.ts'

/** A person at a terminal: a home folder of their own, and the real command line. */
export interface Terminal extends AsyncDisposable {
  readonly home: string
  /** Runs a command line of plain words. */
  run(line: string, options?: Circumstances): Promise<Ended>
  /** Starts one that the test ends. */
  start(line: string, options?: Circumstances): StartedProgram
  /** Runs it with `--output json`; it has to exit with 0, write nothing to stderr, and one document to stdout. */
  json(line: string, options?: Circumstances): Promise<unknown>
  /** Runs a script in which `runtimeconfig` is the real command line. */
  shell(script: string, options?: Circumstances): Promise<Ended>
  /** Path of a file in the home. */
  path(name: string): string
  write(name: string, text: string | Uint8Array): Promise<string>
  read(name: string): Promise<string>
}

/** Opens a terminal in a new home, with settings in its environment. */
export async function openTerminal(settings: Readonly<Record<string, string>> = {}): Promise<Terminal> {
  const home = await mkdtemp(join(tmpdir(), 'runtimeconfig-home-'))
  const inHome = ({ environment, ...rest }: Circumstances = {}): Circumstances => ({
    cwd: home,
    ...rest,
    environment: { HOME: home, ...settings, ...environment },
  })
  const start: Terminal['start'] = (line, options) => startToEnd(line.split(' '), inHome(options))
  const run: Terminal['run'] = async (line, options) => withoutTrace(await start(line, options).ended)
  const path = (name: string): string => join(home, name)
  return {
    home,
    path,
    run,
    start,
    async json(line, options) {
      const { code, stdout, stderr } = await run(`${line} --output json`, options)
      if (code !== 0 || stderr !== '') throw new Error(`${line} exited with ${code}: ${stderr}${stdout}`)
      return JSON.parse(stdout) as unknown
    },
    shell: async (script, options) => withoutTrace(await runInShell(script, inHome(options))),
    async write(name, text) {
      await mkdir(dirname(path(name)), { recursive: true })
      await writeFile(path(name), text, { mode: 0o600 })
      return path(name)
    },
    read: (name) => readFile(path(name), 'utf8'),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  }
}

/** How a command ends that refuses with one sentence. */
export function refusal(code: number, message: string): Ended {
  return { code, stdout: '', stderr: `error: ${message}\n` }
}

// Whatever else a test looks at: nobody is ever shown a stack trace.
function withoutTrace(ended: Ended): Ended {
  const said = ended.stdout + ended.stderr
  if (/^\s+at .+(\d+:\d+|<anonymous>|native)\)?$/m.test(said))
    throw new Error(`a stack trace was shown: ${said}`)
  return ended
}
