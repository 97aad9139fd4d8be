import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'

import { findAssets } from '#test/cluster/assets.ts'

import { torture } from './run.ts'

// `npm run cluster:soak`: ten minutes of it, in real time. `--minutes`, `--seed`, `--changes`, `--summary FILE`.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    changes: { type: 'string', default: '12000' },
    summary: { type: 'string' },
  },
})
const ROUND_MS = 100_000
const FAULTY_SHARE = 0.9
const rounds = Math.max(1, Math.round((Number(values.minutes) * 60_000) / ROUND_MS))
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const summary = await torture({
  assets: await findAssets(process.env),
  seed: Number(values.seed),
  changes: Number(values.changes),
  rounds,
  faultyMs: ROUND_MS * FAULTY_SHARE,
  speed: 1,
  progress: say,
})
const text = JSON.stringify(summary, null, 2)
say(text)
if (values.summary !== undefined) await writeFile(values.summary, `${text}\n`)
const { missed, unfinished, backwards, differing, recoveredMs } = summary
const isWell =
  missed === 0 &&
  [unfinished, backwards, differing].every((list) => list.length === 0) &&
  recoveredMs.every(Number.isFinite)
process.exitCode = isWell ? 0 : 1
