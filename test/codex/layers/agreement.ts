import { AppServer } from './app-server.ts'
import { type Binary, findBinary } from './binary.ts'
import { compare, type Outcome } from './disagreements.ts'
import { randomFlags, randomStack, type StackCase } from './generate.ts'
import type { Disagreement } from './intended-differences.ts'
import { ourStart } from './ours.ts'
import { Sandbox } from './sandbox.ts'
import { shrink } from './shrink.ts'

/** How much is compared. */
export interface Amount {
  readonly seed: number
  /** Sets of flags: a process is started for each. */
  readonly flagSets: number
  readonly stacksEach: number
  /** How many stacks, of 1, hold settings that the CLI knows. */
  readonly settingsShare: number
  /** How many disagreements are made small before the rest is only counted. */
  readonly shrinkAtMost: number
}

/** A case that the two sides disagree about. */
export interface Failure {
  readonly case: StackCase
  readonly outcome: Outcome
}

/** The whole run. */
export interface Agreement {
  readonly stacks: number
  /** Sets of flags that the CLI refuses; no stacks are compared under them. */
  readonly refused: number
  readonly reads: number
  readonly writes: number
  readonly intended: ReadonlyMap<string, number>
  readonly failures: readonly Failure[]
  readonly failed: number
}

const AT_ONCE = 2

/** Compares random stacks, some processes side by side. Every case follows from the seed and its own number alone. */
export async function compareMany(
  amount: Amount,
  tell: (line: string) => void,
  binary: Binary = findBinary(),
): Promise<Agreement> {
  const run = new Run(amount, binary, tell)
  const sets = Array.from({ length: amount.flagSets }, (_each, index) => index).values()
  await Promise.all(Array.from({ length: AT_ONCE }, () => run.work(sets)))
  return run
}

class Run implements Agreement {
  stacks = 0
  refused = 0
  reads = 0
  writes = 0
  failed = 0
  readonly intended = new Map<string, number>()
  readonly failures: Failure[] = []
  readonly #amount: Amount
  readonly #binary: Binary
  readonly #tell: (line: string) => void

  constructor(amount: Amount, binary: Binary, tell: (line: string) => void) {
    this.#amount = amount
    this.#binary = binary
    this.#tell = tell
  }

  async work(sets: Iterable<number>): Promise<void> {
    const sandbox = new Sandbox(this.#binary)
    try {
      for (const set of sets) await this.#compareSet(sandbox, set)
    } finally {
      await sandbox.close()
    }
  }

  async #compareSet(sandbox: Sandbox, set: number): Promise<void> {
    const { seed, stacksEach, settingsShare } = this.#amount
    const first = seed * 1_000_003 + set * stacksEach
    const flags = randomFlags(first)
    const server = await startClean(sandbox, flags)
    this.#countStart(flags, server === null, await ourStart(flags, this.#binary.version))
    if (server === null) return
    for (let index = 0; index < stacksEach; index += 1) {
      const stackCase = randomStack(first + index, flags, settingsShare)
      this.#count(await compare({ sandbox, server }, stackCase), stackCase)
    }
    await server.close()
    await this.#shrinkNew(sandbox)
  }

  /** Flags are refused by both or by neither. */
  #countStart(flags: readonly string[], isRefused: boolean, fault: string | null): void {
    if (isRefused) this.refused += 1
    if (isRefused === (fault !== null)) return
    const theirs = isRefused ? 'refused' : 'taken'
    const open = [{ part: 'start', theirs, ours: fault ?? 'taken', files: {} }]
    const usable = { reads: 0, writes: 0 }
    this.#count({ open, intended: [], usable }, { seed: 0, flags, files: {}, writes: [] })
  }

  #count(outcome: Outcome, stackCase: StackCase): void {
    this.stacks += 1
    this.reads += outcome.usable.reads
    this.writes += outcome.usable.writes
    for (const id of outcome.intended) this.intended.set(id, (this.intended.get(id) ?? 0) + 1)
    if (outcome.open.length === 0) return
    this.failed += 1
    if (this.failures.length + this.#waiting.length < this.#amount.shrinkAtMost) {
      this.#waiting.push({ case: stackCase, outcome })
    }
  }

  #waiting: Failure[] = []

  async #shrinkNew(sandbox: Sandbox): Promise<void> {
    const waiting = this.#waiting.splice(0)
    for (const failure of waiting) {
      const small = await shrinkFailure(sandbox, failure)
      this.failures.push(small)
      this.#tell(tellFailure(small))
    }
  }
}

async function shrinkFailure(sandbox: Sandbox, failure: Failure): Promise<Failure> {
  const [wanted] = failure.outcome.open
  const running = new Running(sandbox)
  let best = failure
  await shrink(failure.case, async (smaller) => {
    const server = await running.with(smaller.flags)
    if (server === null) return false
    const outcome = await compare({ sandbox, server }, smaller)
    const open = outcome.open.filter((one) => wanted !== undefined && isAlike(one, wanted))
    if (open.length === 0) return false
    best = { case: smaller, outcome: { ...outcome, open } }
    return true
  })
  await running.close()
  return best
}

/** Whether a smaller case shows the same: for faults also the same kinds of fault, since they are easily traded. */
function isAlike(one: Disagreement, wanted: Disagreement): boolean {
  const kinds = ({ theirs, ours }: Disagreement): string => `${theirs} ${ours}`.replaceAll(/at \S+/gu, 'at')
  return one.part === wanted.part && (!one.part.endsWith('fault') || kinds(one) === kinds(wanted))
}

/** One process at a time, started anew when other flags are wanted. */
class Running {
  readonly #sandbox: Sandbox
  #flags: string | null = null
  #server: AppServer | null = null

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox
  }

  /** Null for flags that the CLI refuses. */
  async with(flags: readonly string[]): Promise<AppServer | null> {
    const key = JSON.stringify(flags)
    if (key === this.#flags) return this.#server
    await this.close()
    this.#flags = key
    this.#server = await startClean(this.#sandbox, flags)
    return this.#server
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }
}

/** Starts on no files at all: a bad file would end the process. Null for flags that the CLI refuses. */
async function startClean(sandbox: Sandbox, flags: readonly string[]): Promise<AppServer | null> {
  sandbox.write('/etc/codex', null)
  sandbox.write('/sandbox', null)
  for (const folder of ['/etc/codex', '/sandbox/home', '/sandbox/proj/.git'])
    sandbox.write(`${folder}/.keep`, '')
  const server = await sandbox.start({ args: flags.map((flag) => `--config=${flag}`) })
  return server instanceof AppServer ? server : null
}

/** A failure as a person reads it, with what is needed to see it again. */
export function tellFailure({ case: { seed, flags, files, writes }, outcome }: Failure): string {
  const shown = (text: string): string => (text.length > 1500 ? `${text.slice(0, 1500)}…` : text)
  return [
    `### seed ${String(seed)}: ${outcome.open[0]?.part ?? ''}`,
    `flags: ${JSON.stringify(flags)}`,
    ...Object.entries(files).map(([key, text]) => `${key}: ${JSON.stringify(text)}`),
    ...writes.map((write) => `write: ${JSON.stringify(write)}`),
    ...outcome.open
      .slice(0, 3)
      .map(
        ({ part, theirs, ours }) =>
          `${part}\n  theirs: ${JSON.stringify(shown(theirs))}\n  ours:   ${JSON.stringify(shown(ours))}`,
      ),
    '',
  ].join('\n')
}
