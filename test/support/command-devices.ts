import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createAuthFacts } from '#agent/auth-facts.ts'
import type { FileDeps } from '#agent/auth-file-commands.ts'
import { CommandRunner } from '#agent/commands.ts'
import { type Home, openHome } from '#agent/home.ts'
import type { AgentLogger } from '#agent/ports.ts'
import { AgentState } from '#agent/state.ts'
import { WrittenFiles } from '#agent/written-files.ts'
import { normalFormOf } from '#core/normal-form.ts'
import { COMMAND_ENV, type CommandKey } from '#protocol/command-env.ts'
import { EXECUTOR_SCRIPT } from '#protocol/executor-script/script.generated.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

export const DIGEST_KEY = 'a1'.repeat(32)

/** What a device is asked, with the environment variables as they arrive. */
interface Asked {
  readonly home: string
  readonly key: CommandKey
  readonly env: Readonly<Record<string, string>>
  /** The device's own environment. */
  readonly environment?: Readonly<Record<string, string>>
}

export interface Answered {
  readonly exitCode: number | null
  readonly line: Readonly<Record<string, unknown>>
}

/** Something that obeys commands under the device rules. */
export type CommandDevice = (asked: Asked) => Promise<Answered>

/** The environment of a command about `~/.codex/auth.json`, with changes. */
export function aCommandEnv(overrides: Readonly<Record<string, string | null>> = {}): Record<string, string> {
  const env = {
    [COMMAND_ENV.runtime]: 'codex',
    [COMMAND_ENV.targetPath]: '~/.codex/auth.json',
    [COMMAND_ENV.content]: '{"token":"secret"}',
    ...overrides,
  }
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== null),
  )
}

/** A temporary folder for the length of a test. */
export function aFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'runtimeconfig-device-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export const SILENT: AgentLogger = { info() {}, warn() {}, error() {} }

/** What our agent's commands work on, with its state in a folder beside or inside the home directory. */
export function aFileDeps(home: Home, stateFolder: string): FileDeps {
  const written = new WrittenFiles(AgentState.open(stateFolder, SILENT), normalFormOf)
  return { home, written, facts: createAuthFacts(DIGEST_KEY, normalFormOf) }
}

/** Our agent, reaching names in folders the one or the other way. */
function ourAgent(handles: Home['handles']): CommandDevice {
  return async ({ home, key, env, environment = {} }) => {
    using state = aFolder()
    const files = aFileDeps({ ...openHome(home, environment), handles }, state.path)
    const reply = await aRunner(files).run({ command_key: key, env })
    return { exitCode: reply.exit_code, line: JSON.parse(reply.stdout) as Answered['line'] }
  }
}

export function aRunner(
  files: FileDeps,
  logger: AgentLogger = SILENT,
  isCurrent: (env: Readonly<Record<string, string>>) => boolean = () => true,
): CommandRunner {
  return new CommandRunner({
    files: () => files,
    probe: () => Promise.resolve({ status: 'probed' }),
    isCurrent,
    clock: new FakeClock(),
    logger,
  })
}

const ACTIONS: Readonly<Record<CommandKey, string>> = {
  sync_runtime_auth_file: 'write',
  read_runtime_auth_file: 'read',
  remove_runtime_auth_file: 'remove',
  probe_proxy: 'probe',
}

/** An executor that is not ours: it runs the interpreter and the script it was sent. */
export const executorScript: CommandDevice = async ({ home, key, env, environment = {} }) => {
  const child = spawn('python3', ['-I', '-c', EXECUTOR_SCRIPT, ACTIONS[key]], {
    env: { PATH: process.env['PATH'], HOME: home, ...environment, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return answerOf(child)
}

/** Reads the one line a process prints, and how it ended. */
async function answerOf(child: ReturnType<typeof spawn>): Promise<Answered> {
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => void out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => void err.push(chunk))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  const stdout = Buffer.concat(out).toString()
  if (!/^\{[^\n]*\}\n$/.test(stdout)) {
    throw new Error(`expected one line of JSON, got ${stdout} ${Buffer.concat(err).toString()}`)
  }
  return { exitCode, line: JSON.parse(stdout) as Answered['line'] }
}

// A product of Node must be testable where there is no Python; where there is one, the script obeys the same cases.
export const HAS_PYTHON = spawnSync('python3', ['--version']).status === 0

export const COMMAND_DEVICES: readonly (readonly [string, CommandDevice])[] = [
  ['our agent', ourAgent(openHome('/', {}).handles)],
  ['our agent without /proc', ourAgent('path')],
  ...(HAS_PYTHON ? [['the script for other executors', executorScript] as const] : []),
]
