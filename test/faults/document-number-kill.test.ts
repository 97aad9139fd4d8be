import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, it } from 'vitest'

import { openHome } from '#agent/home.ts'
import { Inspector } from '#agent/inspect.ts'
import { COMMAND_ENV } from '#protocol/command-env.ts'
import { aCommandEnv, aFileDeps, aFolder, aRunner } from '#test/support/command-devices.ts'
import { seededRandom } from '#test/support/random.ts'

const KILLS = 40
const SEED = 20_261_122
const PROCESS = new URL('../support/command-process.ts', import.meta.url).pathname

it(`takes nothing older than what the file held, after ${KILLS} kills at any moment (seed ${SEED})`, async () => {
  using home = aFolder()
  const state = join(home.path, 'state')
  const random = seededRandom(SEED)
  const met = { known: 0, absent: 0 }
  let newest = 1
  for (let kill = 0; kill < KILLS; kill += 1) {
    await countAndKill(home.path, newest + 1, random() * 60)
    const deps = aFileDeps(openHome(home.path, {}), state)
    const found = numberIn(home.path)
    const kept = deps.written.number('codex') ?? 0
    // Kept before it is written: what the file holds is never newer, and nothing was skipped.
    expect(kept).toBeGreaterThanOrEqual(found ?? newest)
    met[found === null ? 'absent' : 'known'] += 1
    // The first look after a start settles what was being written; then nothing older comes, file or no file.
    look(deps)
    rmSync(join(home.path, '.codex'), { recursive: true, force: true })
    const answers = [await deliver(deps, kept - 1), await deliver(deps, kept)]
    expect(answers).toEqual(['older_document', 'written'])
    newest = kept
  }
  // A process that was killed before its first write proves nothing; on any machine some of them come further.
  expect([newest > 1, met.known > 0]).toEqual([true, true])
})

async function countAndKill(home: string, start: number, afterMs: number): Promise<void> {
  const args = [PROCESS, 'count', home, join(home, 'state'), 'sync_runtime_auth_file']
  const env = { ...aCommandEnv(), PATH: process.env['PATH'], HOME: home, START: String(start) }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  await sleep(afterMs)
  child.kill('SIGKILL')
  await once(child, 'close')
}

function numberIn(home: string): number | null {
  const path = join(home, '.codex/auth.json')
  if (!existsSync(path)) return null
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly number: number }).number
}

type Deps = ReturnType<typeof aFileDeps>

function look({ home, written, facts }: Deps): void {
  const inspector = new Inspector(home, written)
  const target = { targetPath: '~/.codex/auth.json', homeVariable: null }
  const fields = { accountId: null, lastRefresh: null }
  inspector.assign({ runtimes: [{ name: 'codex', target, fields, processName: null, config: null }], facts })
  inspector.report(null)
}

async function deliver(deps: Deps, number: number): Promise<string> {
  const env = aCommandEnv({
    [COMMAND_ENV.content]: `{"number":${number}}`,
    [COMMAND_ENV.documentNumber]: String(Math.max(0, number)),
  })
  const reply = await aRunner(deps).run({ command_key: 'sync_runtime_auth_file', env })
  return (JSON.parse(reply.stdout) as { readonly status: string }).status
}
