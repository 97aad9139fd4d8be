import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { type LayerFiles, writeLayerFiles } from '#bench/load/layer-files.ts'
import { PRODUCT_FLAGS } from '#bench/pinned.ts'
import { median, type Measured, type Row, type RunSetting } from '#bench/row.ts'
import { loadConfigLayersState } from '#layers/load.ts'

const KEYS = 10_000
const ROUNDS = 60
const GROWTH_ROUNDS = 15
const WARM_UP = 30
const STARTS = 15

/**
 * What applies, who set it and in which version: of real files with 10 000 keys, against parsing the same data as JSON; how
 * that grows; and how long a person waits for the command.
 */
export const layers: Row = {
  name: 'layers',
  async run({ progress }: RunSetting): Promise<readonly Measured[]> {
    progress(`layers: ${KEYS} keys`)
    const whole = await measureWhole()
    progress('layers: growth')
    const growth = await measureGrowth()
    progress('layers: the command')
    return [whole, ...growth, await measureCommand()]
  },
}

async function measureWhole(): Promise<Measured> {
  const files = await writeLayerFiles({ keys: KEYS, projects: 1 })
  const ours: number[] = []
  const floor: number[] = []
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const parsed = await timed(() => parseAll(files))
    const worked = await timed(() => workOut(files))
    if (round < 0) continue
    floor.push(parsed)
    ours.push(worked)
  }
  await files.remove()
  return {
    name: 'layers of 10 000 keys: load, merge, origins, versions',
    unit: 'ms',
    ours: median(ours),
    floor: median(floor),
    floorName: 'JSON.parse of the same data',
    target: { of: 'ratio', bound: 'atMost', limit: 10 },
    more: { layers: files.json.length, tomlBytes: files.tomlBytes, rounds: ROUNDS },
  }
}

/**
 * Ten times the keys in as many layers, twice; and twice the layers of the same size. Memory makes ten times the data cost
 * more than ten times the time, by how much JSON.parse shows, which is linear.
 */
async function measureGrowth(): Promise<readonly Measured[]> {
  const sizes = {
    thousand: await writeLayerFiles({ keys: KEYS / 10, projects: 1 }),
    tenThousand: await writeLayerFiles({ keys: KEYS, projects: 1 }),
    hundredThousand: await writeLayerFiles({ keys: KEYS * 10, projects: 1 }),
    twiceTheLayers: await writeLayerFiles({ keys: KEYS * 2, projects: 5 }),
  }
  const times = new Map(
    Object.keys(sizes).map((name) => [name, { ours: [] as number[], floor: [] as number[] }]),
  )
  for (let round = 0; round < GROWTH_ROUNDS; round += 1) {
    for (const [name, files] of Object.entries(sizes)) {
      times.get(name)?.floor.push(await timed(() => parseAll(files)))
      times.get(name)?.ours.push(await timed(() => workOut(files)))
    }
  }
  for (const files of Object.values(sizes)) await files.remove()
  const growth = (from: keyof typeof sizes, to: keyof typeof sizes): Growth => {
    const step = (of: keyof Growth): number =>
      median(times.get(to)?.[of] ?? []) / median(times.get(from)?.[of] ?? [])
    return { ours: step('ours'), floor: step('floor') }
  }
  const first = growth('thousand', 'tenThousand')
  const second = growth('tenThousand', 'hundredThousand')
  const steeper = first.ours / first.floor > second.ours / second.floor ? first : second
  return [
    growthOf('ten times the keys', steeper, { to10000: first.ours, to100000: second.ours }),
    growthOf('twice the layers', growth('tenThousand', 'twiceTheLayers'), {
      layers: sizes.twiceTheLayers.json.length,
    }),
  ]
}

/** How many times as long it takes. */
interface Growth {
  readonly ours: number
  readonly floor: number
}

function growthOf(what: string, { ours, floor }: Growth, more: Measured['more']): Measured {
  return {
    name: `layers: cost of ${what}`,
    unit: '×',
    ours,
    floor,
    floorName: 'JSON.parse of the same data',
    target: { of: 'ratio', bound: 'atMost', limit: 1.3 },
    more,
  }
}

async function measureCommand(): Promise<Measured> {
  const files = await writeLayerFiles({ keys: 200, projects: 1 })
  const { codexHome, cwd = codexHome } = files.options
  const bundle = new URL('../../dist/runtimeconfig.js', import.meta.url).pathname
  const command = [bundle, 'layers', '--codex-home', codexHome, '--cwd', cwd]
  const ours: number[] = []
  const floor: number[] = []
  for (let start = 0; start < STARTS; start += 1) {
    floor.push(await timed(() => finished(['--eval', ''])))
    ours.push(await timed(() => finished(command)))
  }
  await files.remove()
  return {
    name: 'runtimeconfig layers, from start to answer',
    unit: 'ms',
    ours: median(ours),
    floor: median(floor),
    floorName: 'Node that does nothing',
    target: { of: 'value', bound: 'atMost', limit: 200 },
    more: { starts: STARTS },
  }
}

function parseAll({ json }: LayerFiles): readonly unknown[] {
  return json.map((text) => JSON.parse(text) as unknown)
}

async function workOut({ options }: LayerFiles): Promise<unknown> {
  const stack = await loadConfigLayersState(options)
  return [stack.effectiveConfig(), stack.origins(), stack.allLayers().map(({ version }) => version)]
}

async function finished(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [...PRODUCT_FLAGS, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`expected the command to succeed, got exit code ${String(code)}`)
}

async function timed(work: () => unknown): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
