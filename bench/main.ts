import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'

import { toTable } from '#cli/output.ts'

import { drawChart } from './chart.ts'
import { pinLoad } from './pinned.ts'
import { isReached, judged, type Measured, type Row } from './row.ts'
import { clusterMemory } from './rows/cluster-memory.ts'
import { clusterRequests } from './rows/cluster-requests.ts'
import { clusterToggle } from './rows/cluster-toggle.ts'
import { coldStart } from './rows/cold-start.ts'
import { delivery } from './rows/delivery.ts'
import { heartbeats } from './rows/heartbeats.ts'
import { http } from './rows/http.ts'
import { layers } from './rows/layers.ts'
import { memory } from './rows/memory.ts'
import { storeWrites } from './rows/store-writes.ts'
import { toggle } from './rows/toggle.ts'

const ROWS: readonly Row[] = [
  heartbeats,
  memory,
  delivery,
  toggle,
  storeWrites,
  http,
  layers,
  coldStart,
  clusterToggle,
  clusterRequests,
  clusterMemory,
]
const RESULTS = new URL('results.json', import.meta.url)
const CHART = new URL('results.svg', import.meta.url)

// `npm run bench` measures everything and writes the results; `npm run bench -- memory http` measures only those rows and
// writes nothing; with `--write` these replace what the results say of them.
const writes = process.argv.includes('--write')
const asked = process.argv.slice(2).filter((name) => name !== '--write')
const rows = asked.length === 0 ? ROWS : ROWS.filter(({ name }) => asked.includes(name))
if (rows.length === 0)
  throw new Error(`expected rows among ${ROWS.map(({ name }) => name).join(', ')}, got ${asked.join(' ')}`)

execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })
const pinned = pinLoad()
const measured: Measured[] = []
for (const row of rows)
  measured.push(...(await row.run({ pinned, progress: (line) => process.stderr.write(`${line}\n`) })))
for (const line of toTable(measured, columns(), { style: (_style, text) => text }))
  process.stdout.write(`${line}\n`)
if (asked.length === 0) await writeResults(measured)
else if (writes) await writeResults(await amended())
process.exitCode = measured.every(isReached) ? 0 : 1

async function writeResults(all: readonly Measured[]): Promise<void> {
  const machine = { cores: cpus().length, node: process.version, pinned }
  const results = all.map((one) => ({ ...one, judged: judged(one), reached: isReached(one) }))
  await mkdir(new URL('.', RESULTS), { recursive: true })
  await writeFile(RESULTS, `${JSON.stringify({ machine, results }, null, 2)}\n`)
  await writeFile(CHART, drawChart(all))
}

/** The results as they were, with what was measured now in the place of what it was before, or at the end. */
async function amended(): Promise<readonly Measured[]> {
  const { results } = JSON.parse(await readFile(RESULTS, 'utf8')) as { readonly results: readonly Measured[] }
  const now = new Map(measured.map((one) => [one.name, one]))
  const names = new Set([...results, ...measured].map(({ name }) => name))
  const before = new Map(results.map((one) => [one.name, one]))
  return [...names].flatMap((name) => now.get(name) ?? before.get(name) ?? [])
}

function columns() {
  return [
    { heading: 'WHAT', cell: ({ name }: Measured) => name },
    { heading: 'OURS', cell: ({ ours, unit }: Measured) => `${format(ours)} ${unit}` },
    {
      heading: 'FLOOR',
      cell: ({ floor, unit }: Measured) => (floor === null ? '–' : `${format(floor)} ${unit}`),
    },
    {
      heading: 'RATIO',
      cell: ({ ours, floor }: Measured) => (floor === null ? '–' : (ours / floor).toFixed(2)),
    },
    {
      heading: 'MUST BE',
      cell: ({ target, unit }: Measured) =>
        `${target.bound === 'atLeast' ? '≥' : '≤'} ${target.limit} ${target.of === 'ratio' ? '×' : unit}`,
    },
    { heading: 'REACHED', cell: (one: Measured) => (isReached(one) ? 'yes' : 'NO') },
    {
      heading: 'MORE',
      cell: ({ more }: Measured) =>
        Object.entries(more)
          .map(([key, value]) => `${key}=${typeof value === 'number' ? format(value) : value}`)
          .join(' '),
    },
  ]
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en').replaceAll(',', ' ') : value.toFixed(2)
}
