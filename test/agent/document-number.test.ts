import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { createAuthFacts } from '#agent/auth-facts.ts'
import type { FileDeps } from '#agent/auth-file-commands.ts'
import { Fence } from '#agent/fence.ts'
import { openHome } from '#agent/home.ts'
import { normalFormOf } from '#core/normal-form.ts'
import { COMMAND_ENV } from '#protocol/command-env.ts'
import { type CommandInput, toExecuteCommand } from '#protocol/command.ts'
import { aFileDeps, aFolder, aRunner, DIGEST_KEY, SILENT } from '#test/support/command-devices.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

const TARGET = { targetPath: '~/.codex/auth.json', homeVariable: null }
const facts = createAuthFacts(DIGEST_KEY, normalFormOf)
const textOf = (number: number) => `{"number":${number}}`
const digestOf = (number: number) => facts.digestOf(textOf(number)) ?? ''

let root: ReturnType<typeof aFolder>
let home: string
let file: string
let deps: FileDeps

beforeEach(() => begin())

afterEach(() => root[Symbol.dispose]())

function begin(): void {
  root = aFolder()
  home = join(root.path, 'home')
  file = join(home, '.codex/auth.json')
  mkdirSync(home)
  restart()
}

// The state is read from disk again, as after a restart.
function restart(): void {
  deps = aFileDeps(openHome(home, {}), join(root.path, 'state'))
}

function aSync(number: number | null, replaceDigest?: string): CommandInput {
  return {
    key: 'sync_runtime_auth_file',
    runtime: 'codex',
    target: TARGET,
    content: textOf(number ?? 0),
    ...(number !== null && { documentNumber: number }),
    ...(replaceDigest !== undefined && { replaceDigest }),
  }
}

const aRemoval = (number: number): CommandInput => ({
  key: 'remove_runtime_auth_file',
  runtime: 'codex',
  target: TARGET,
  expectedDigest: digestOf(number),
})

async function ask(input: CommandInput): Promise<string> {
  const reply = await aRunner(deps).run(toExecuteCommand(input, 'agent'))
  return (JSON.parse(reply.stdout) as { readonly status: string }).status
}

const stored = () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd() : null)

describe('a document that is older than what the device got', () => {
  it('is refused, with the times of both and a status of its own', async () => {
    await ask(aSync(1_790_000_000_000))
    rmSync(file)
    const reply = await aRunner(deps).run(toExecuteCommand(aSync(1_780_000_000_000), 'agent'))

    expect(reply).toMatchObject({ success: false, exit_code: 69 })
    expect(JSON.parse(reply.stdout)).toEqual({
      status: 'older_document',
      runtime: 'codex',
      path: '~/.codex/auth.json',
      error:
        'the document of 2026-05-28T20:26:40.000Z is older than what this device got already, that of 2026-09-21T14:13:20.000Z',
    })
    expect(stored()).toBeNull()
  })

  it('is refused in place of the newer one too', async () => {
    await ask(aSync(20))

    expect(await ask(aSync(10, digestOf(20)))).toBe('older_document')
    expect(stored()).toBe(textOf(20))
  })

  it.each([
    ['the agent was started again', async () => restart()],
    ['the file was removed again', async () => void (await ask(aRemoval(20)))],
    ['somebody took the file away', async () => rmSync(file)],
    [
      'it was removed, and the agent started again',
      async () => {
        await ask(aRemoval(20))
        restart()
      },
    ],
  ])('is refused after %s', async (_what, happen) => {
    await ask(aSync(20))
    await happen()

    expect(await ask(aSync(19))).toBe('older_document')
    expect(await ask(aSync(21, digestOf(20)))).toBe('written')
  })

  it('is refused when the agent died between the file and the note of it', async () => {
    const intent = { runtime: 'codex', target: TARGET, text: `${textOf(20)}\n`, facts, number: 20 }
    const die = () => {
      throw new Error('killed')
    }
    expect(() => deps.written.record(intent, die, () => true)).toThrow('killed')
    restart()

    expect([await ask(aSync(10)), await ask(aSync(20))]).toEqual(['older_document', 'written'])
  })

  it('is taken when the newer one never came to the file', async () => {
    mkdirSync(join(home, '.codex'))
    writeFileSync(file, '{"somebody":"else"}')
    expect(await ask(aSync(20))).toBe('skipped_existing')
    rmSync(file)

    expect(await ask(aSync(10))).toBe('written')
  })

  it('is refused without a key from the server too', async () => {
    deps = { ...deps, facts: null }
    await ask(aSync(20))
    rmSync(file)

    expect(await ask(aSync(10))).toBe('older_document')
  })
})

describe('a number', () => {
  it('is kept for each runtime by itself', async () => {
    await ask(aSync(20))
    const other = { ...aSync(10), runtime: 'claude', target: { ...TARGET, targetPath: '~/.claude/x.json' } }

    expect(await ask(other as CommandInput)).toBe('written')
  })

  it('may come again: an answer that was lost is asked for once more', async () => {
    await ask(aSync(20))

    expect(await ask(aSync(20))).toBe('skipped_existing')
    rmSync(file)
    expect(await ask(aSync(20))).toBe('written')
  })

  it('may be missing: servers before this one send none', async () => {
    await ask(aSync(20))
    rmSync(file)

    expect(await ask(aSync(null))).toBe('written')
    rmSync(file)
    expect(await ask(aSync(10))).toBe('older_document')
  })

  it.each(['', '-1', '1.5', '0x10', '1e3', '1234567890123456', ' 1'])(
    'is refused when it is %j',
    async (text) => {
      const payload = toExecuteCommand(aSync(1), 'agent')
      const env = { ...payload?.env, [COMMAND_ENV.documentNumber]: text }
      const reply = await aRunner(deps).run({ ...payload, env })

      expect([reply.exit_code, JSON.parse(reply.stdout).error]).toEqual([
        64,
        'document number must be 1 to 15 digits',
      ])
    },
  )

  it('is unknown to state files of earlier agents, which are read as ever', async () => {
    await ask(aSync(20))
    const path = join(root.path, 'state/state.json')
    const state = JSON.parse(readFileSync(path, 'utf8'))
    delete state.runtimes.codex.documentNumber
    writeFileSync(path, JSON.stringify(state))
    restart()

    expect(deps.written.number('codex')).toBeNull()
    expect(await ask(aSync(10, digestOf(20)))).toBe('written')
  })
})

type Step =
  | {
      readonly do: 'deliver'
      readonly number: number
      readonly replaces: number | null
      readonly era: number
    }
  | { readonly do: 'remove'; readonly number: number; readonly era: number }
  | { readonly do: 'take away' | 'restart' | 'reconnect' }

// Few numbers, so that older, equal and newer ones meet often; eras are registrations, some of them long over.
const number = fc.integer({ min: 1, max: 5 })
const era = fc.integer({ min: 0, max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('deliver' as const), number, replaces: fc.option(number), era }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), number, era }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('take away' as const, 'restart' as const, 'reconnect' as const),
    }),
  },
)

describe('whatever commands come, in whatever order, again and late', () => {
  // Each step that writes waits for the disk, which others may be using too.
  it(
    'the file never goes back to an older document, and nothing of an earlier registration acts',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
          root[Symbol.dispose]()
          begin()
          const device = aDevice()
          let newest = 0
          for (const one of steps) {
            const before = stored()
            const wasLate = await device.take(one)
            const text = stored()
            expect([wasLate && text !== before, 'a late command acts']).toEqual([
              false,
              'a late command acts',
            ])
            if (text === null || text === before) continue
            const written = (JSON.parse(text) as { readonly number: number }).number
            expect(written).toBeGreaterThanOrEqual(newest)
            newest = written
          }
        }),
        { numRuns: 40 },
      )
    },
  )
})

/** An agent as its commands see it, over registrations and restarts. */
function aDevice() {
  let fence = new Fence(new FakeClock())
  const drawn: number[] = []
  const register = () => {
    const next = fence.draw()
    fence.confirm(next)
    drawn.push(next)
  }
  register()
  return {
    /** Tells whether it was a command of an earlier registration. */
    async take(one: Step): Promise<boolean> {
      if (one.do === 'take away') rmSync(file, { force: true })
      if (one.do === 'restart') {
        restart()
        fence = new Fence({ now: () => (drawn.at(-1) ?? 0) + 1_000 })
      }
      if (one.do === 'restart' || one.do === 'reconnect') register()
      if (one.do !== 'deliver' && one.do !== 'remove') return false
      const sentUnder = drawn.at(-1 - one.era) ?? 0
      const input =
        one.do === 'remove'
          ? aRemoval(one.number)
          : aSync(one.number, one.replaces === null ? undefined : digestOf(one.replaces))
      const runner = aRunner(deps, SILENT, (env) => fence.admits(env))
      const reply = await runner.run(toExecuteCommand(input, 'agent', sentUnder))
      expect(reply.stdout.includes('stale_fence')).toBe(sentUnder !== drawn.at(-1))
      return sentUnder !== drawn.at(-1)
    },
  }
}
