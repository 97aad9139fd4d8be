import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, it } from 'vitest'

import { openHome } from '#agent/home.ts'
import { AgentState } from '#agent/state.ts'
import { sweepTargets } from '#agent/sweep.ts'
import { WrittenFiles } from '#agent/written-files.ts'
import { normalFormOf } from '#core/normal-form.ts'
import { COMMAND_ENV, splitContent } from '#protocol/command-env.ts'
import { EXECUTOR_SCRIPT } from '#protocol/executor-script/script.generated.ts'
import { aCommandEnv, aFolder, executorScript, HAS_PYTHON, SILENT } from '#test/support/command-devices.ts'
import { seededRandom } from '#test/support/random.ts'

const KILLS = 100
const SEED = 20_261_121
const PROCESS = new URL('../support/command-process.ts', import.meta.url).pathname
const CONTENT = `{"token":"${'x'.repeat(300_000)}"}`
const ENV = { ...aCommandEnv({ [COMMAND_ENV.content]: null }), ...splitContent(CONTENT) }

// Writes the file and takes it away again until it is killed, so that a random moment falls between any two system calls.
const AGENT_LOOP = (home: string) => [
  process.execPath,
  PROCESS,
  'loop',
  home,
  `${home}/state`,
  'sync_runtime_auth_file',
]

const SCRIPT_LOOP = () => [
  'sh',
  '-c',
  'echo ready; while :; do python3 -I -c "$0" write >/dev/null; rm -rf "$HOME/.codex"; done',
  EXECUTOR_SCRIPT,
]

it(`holds a complete file or none after ${KILLS} kills of our agent (seed ${SEED}), and a start cleans up`, async () => {
  using home = aFolder()
  const random = seededRandom(SEED)
  const found = { complete: 0, absent: 0, partial: 0 }
  for (let kill = 0; kill < KILLS; kill += 1) {
    await runAndKill(AGENT_LOOP(home.path), home.path, random() * 40)
    found[stateOf(home.path)] += 1
    const state = AgentState.open(join(home.path, 'state'), SILENT)
    sweepTargets(openHome(home.path, {}), new WrittenFiles(state, normalFormOf).targets)
    expect(temporariesIn(home.path)).toEqual([])
  }
  expect(found.partial).toBe(0)
  expect(found.complete + found.absent).toBe(KILLS)
})

const PYTHON_KILLS = HAS_PYTHON ? KILLS : 0

it(`holds a complete file or none after ${PYTHON_KILLS} kills of the script, and its next run cleans up`, async () => {
  using home = aFolder()
  const random = seededRandom(SEED + 1)
  const found = { complete: 0, absent: 0, partial: 0 }
  for (let kill = 0; kill < PYTHON_KILLS; kill += 1) {
    await runAndKill(SCRIPT_LOOP(), home.path, 20 + random() * 60)
    found[stateOf(home.path)] += 1
    await executorScript({ home: home.path, key: 'sync_runtime_auth_file', env: ENV })
    expect([stateOf(home.path), temporariesIn(home.path)]).toEqual(['complete', []])
  }
  expect(found.partial).toBe(0)
})

async function runAndKill(program: readonly string[], home: string, afterMs: number): Promise<void> {
  mkdirSync(home, { recursive: true })
  const [command = '', ...args] = program
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], HOME: home, ...ENV },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own: the kill meets the shell and the program it runs.
    detached: true,
  })
  await once(child.stdout, 'data')
  await sleep(afterMs)
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  await once(child, 'close')
}

function stateOf(home: string): 'complete' | 'absent' | 'partial' {
  const path = join(home, '.codex/auth.json')
  if (!existsSync(path)) return 'absent'
  return readFileSync(path, 'utf8') === `${CONTENT}\n` ? 'complete' : 'partial'
}

function temporariesIn(home: string): string[] {
  return readdirSync(home, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.tmp'))
}
