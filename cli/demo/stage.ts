import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { AppError } from '#core/errors.ts'

import { type Program, type Running, startCommand } from './processes.ts'

/** A temporary folder, and what runs in it. */
export interface Stage {
  readonly root: string
  /** Aborts when the demo is interrupted: there is nothing to wait for any more. */
  readonly signal: AbortSignal
  /** Starts a command of ours that is stopped at the end; resolves with the first line it says. */
  readonly start: (args: readonly string[]) => Promise<{ readonly one: Running; readonly line: string }>
  /** Adds something to do at the end: after what was started later, before what was started earlier. */
  readonly atEnd: (task: () => Promise<void>) => void
  /** Ends everything and removes the folder. */
  close(): Promise<void>
}

/** Makes the folder. @throws AppError `SETTING_INVALID` when there is no room for temporary files */
export async function openStage(program: Program, signal: AbortSignal): Promise<Stage> {
  const root = await makeRoot()
  const clean = withoutOwnSettings(program)
  const endings: (() => Promise<void>)[] = []
  let isClosed = false
  return {
    root,
    signal,
    start: async (args) => {
      if (isClosed) throw new AppError('STORE_UNAVAILABLE', 'the demo is over')
      const { running: one, firstLine } = startCommand(clean, args)
      // Before it is ready: whatever happens meanwhile, it is stopped at the end.
      endings.push(() => one.stop())
      return { one, line: await firstLine }
    },
    atEnd: (task) => void endings.push(task),
    async close() {
      isClosed = true
      // Agents need not wait for each other; a store outlives its server.
      for (const task of endings.toReversed()) await task()
      await rm(root, { recursive: true, force: true })
    },
  }
}

async function makeRoot(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'runtimeconfig-demo-'))
  } catch (cause) {
    throw new AppError(
      'SETTING_INVALID',
      `expected to be able to make a folder in ${tmpdir()}; name another place for temporary files with TMPDIR`,
      { cause },
    )
  }
}

// The person's own settings, server and CODEX_HOME must not reach into the demo, nor the demo into theirs.
function withoutOwnSettings(program: Program): Program {
  const foreign = /^(RUNTIMECONFIG_|CODEX_HOME$|CLAUDE_CONFIG_DIR$|XDG_|NODE_OPTIONS$)/
  const kept = Object.entries(program.environment).filter(([name]) => !foreign.test(name))
  return { ...program, environment: Object.fromEntries(kept) }
}
