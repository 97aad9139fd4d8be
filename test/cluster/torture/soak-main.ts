import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'

import { findAssets } from '#test/cluster/assets.ts'

import { killReplicas, type ReplicaSummary } from './replica-run.ts'
import { torture, type TortureSummary } from './run.ts'

// `npm run cluster:soak`: ten minutes of watch torture in real time, then three replicas, a thousand devices and ten kills.
// `--minutes`, `--changes`, `--devices`, `--kills` (0 leaves that half out), `--seed`, `--summary FILE`.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    changes: { type: 'string', default: '12000' },
    devices: { type: 'string', default: '1000' },
    kills: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    summary: { type: 'string' },
  },
})
const ROUND_MS = 100_000
const FAULTY_SHARE = 0.9
const USERS = 20
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const basis = { assets: await findAssets(process.env), seed: Number(values.seed), progress: say }
const rounds = Math.ceil((Number(values.minutes) * 60_000) / ROUND_MS)
const kills = Number(values.kills)
const watches =
  rounds === 0
    ? null
    : await torture({
        ...basis,
        changes: Number(values.changes),
        rounds,
        faultyMs: ROUND_MS * FAULTY_SHARE,
        speed: 1,
      })
const devicesEach = Math.ceil(Number(values.devices) / USERS)
const replicas = kills === 0 ? null : await killReplicas({ ...basis, users: USERS, devicesEach, kills })
const text = JSON.stringify({ watches, replicas }, null, 2)
say(text)
if (values.summary !== undefined) await writeFile(values.summary, `${text}\n`)
process.exitCode = isWatchingWell(watches) && isReplicatedWell(replicas) ? 0 : 1

function isWatchingWell(summary: TortureSummary | null): boolean {
  if (summary === null) return true
  const { missed, unfinished, backwards, differing, recoveredMs } = summary
  return missed === 0 && areEmpty(unfinished, backwards, differing) && recoveredMs.every(Number.isFinite)
}

function isReplicatedWell(summary: ReplicaSummary | null): boolean {
  if (summary === null) return true
  const { olderOverNewer, underLostLease, late, outOfSync, wrongStatuses } = summary
  return areEmpty(olderOverNewer, underLostLease, late, outOfSync, wrongStatuses)
}

function areEmpty(...lists: readonly (readonly unknown[])[]): boolean {
  return lists.every((list) => list.length === 0)
}
