import type { Context } from '#cli/context.ts'
import { createProgress, type Progress } from '#cli/demo/progress.ts'
import { openStage, type Stage } from '#cli/demo/stage.ts'
import { type Ending, type Outcome, playStory } from '#cli/demo/story.ts'
import { type Grounds, ownGrounds, startWorld, type World } from '#cli/demo/world.ts'
import { PROGRAM } from '#cli/greeting.ts'
import { type Output, toTable } from '#cli/output.ts'
import { AppError } from '#core/errors.ts'

const NEXT = [
  ['serve', 'a server that stays, with its next three commands'],
  ['demo --keep', 'this one, left running to look around'],
  ['--help', 'everything else'],
] as const

/** Flags of `demo`. */
export interface DemoFlags {
  readonly keep?: boolean
  readonly cluster?: boolean
  /** Of an administrator; absent: an API server of the demo's own. */
  readonly kubeconfig?: string
}

/** Plays the demo; rejects, so that the command exits non-zero, if anything came out differently. */
export async function demo(context: Context, flags: DemoFlags): Promise<void> {
  const { output, environment } = context
  // A closed terminal must not leave processes and a folder behind either.
  const signal = context.untilStopped('SIGHUP')
  const startedAt = performance.now()
  const progress = createProgress(output, process.stdout)
  output.print(
    output.style('bold', 'One login, kept encrypted in one place, on every machine that should have it.'),
  )
  const program = {
    execPath: process.execPath,
    execArgv: process.execArgv,
    entry: process.argv[1] ?? '',
    environment,
  }
  const stage = await openStage(program, signal)
  try {
    const grounds = flags.cluster
      ? await openGrounds(stage, flags, { environment, progress })
      : ownGrounds(stage)
    progress.chapter('A server')
    const world = await progress.step('started, with an empty store and new keys', () =>
      startWorld(stage, grounds),
    )
    const outcome = await Promise.race([playStory(world, progress), interrupted(signal)])
    show(output, outcome, (performance.now() - startedAt) / 1000)
    if (flags.keep) await stayUntilInterrupted({ ...world, ...grounds }, output)
  } finally {
    await stage.close()
  }
}

interface Surroundings {
  readonly environment: Context['environment']
  readonly progress: Progress
}

async function openGrounds(
  stage: Stage,
  { kubeconfig }: DemoFlags,
  surroundings: Surroundings,
): Promise<Grounds> {
  // Nobody else needs to speak with an API server.
  const { clusterGrounds } = await import('#cli/demo/cluster/grounds.ts')
  return clusterGrounds({ ...surroundings, stage, kubeconfig: kubeconfig ?? null })
}

function show(output: Output, { endings, explained, proxy }: Outcome, seconds: number): void {
  output.json({ passed: true, seconds, devices: endings, explained, proxy })
  output.print(`\n${output.style('bold', 'Why laptop was left alone')}`)
  for (const gate of explained)
    output.print(
      `  ${gate.passed ? output.style('green', '✓') : output.style('red', '✗')} ${gate.name}: ${gate.message}`,
    )
  output.print()
  const lines = toTable<Ending>(
    endings,
    [
      { heading: 'DEVICE', cell: (row) => row.device },
      { heading: 'STORY', cell: (row) => row.story },
      { heading: 'STATE', cell: (row) => row.state, style: () => 'cyan' },
      { heading: 'REASON', cell: (row) => row.reason },
      { heading: 'SECONDS', cell: (row) => (row.seconds === null ? '–' : row.seconds.toFixed(2)) },
      { heading: 'AT THE END', cell: (row) => (row.removed ? 'removed, proven' : 'own file, same bytes') },
    ],
    output,
  )
  for (const line of lines) output.print(line)
  output.print(`\nEverything as expected in ${seconds.toFixed(1)} s.`)
  output.print('\nNext:')
  for (const [command, why] of NEXT) output.print(`  ${`${PROGRAM} ${command}`.padEnd(34)} ${why}`)
}

async function stayUntilInterrupted(
  { address, root, kubeconfig, signal }: World & Grounds,
  output: Output,
): Promise<void> {
  output.note(`\nLeft running at ${address}, files in ${root}. Ctrl-C ends it and cleans up.`)
  if (kubeconfig !== null)
    output.note(`In the cluster: KUBECONFIG=${kubeconfig} kubectl get users,urc,dev -A`)
  await aborted(signal)
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

async function interrupted(signal: AbortSignal): Promise<never> {
  await aborted(signal)
  throw new AppError('REQUEST_MALFORMED', 'interrupted; everything was cleaned up')
}
