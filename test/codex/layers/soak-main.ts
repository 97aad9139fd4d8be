import { parseArgs } from 'node:util'

import { compareMany } from './agreement.ts'
import { findBinary } from './binary.ts'
import { whatIsMissing } from './sandbox.ts'

// `npm run layers:soak`: many random stacks, shown to the real CLI and to us. `--stacks`, `--seed`,
// `--codex PATH`, `--settings SHARE` (of stacks with settings that the CLI knows), `--shrink N` (how many are made small).
const { values } = parseArgs({
  options: {
    stacks: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    shrink: { type: 'string', default: '20' },
    settings: { type: 'string', default: '0.3' },
    codex: { type: 'string' },
  },
})
const STACKS_EACH = 50
const missing = whatIsMissing()
if (missing !== null) throw new Error(missing)
const amount = {
  seed: Number(values.seed),
  flagSets: Math.ceil(Number(values.stacks) / STACKS_EACH),
  stacksEach: STACKS_EACH,
  settingsShare: Number(values.settings),
  shrinkAtMost: Number(values.shrink),
}
const { stacks, refused, reads, writes, failed, intended } = await compareMany(
  amount,
  (line) => process.stdout.write(`${line}\n`),
  findBinary(values.codex),
)
process.stdout.write(
  `seed ${values.seed}: ${String(stacks)} stacks, ${String(reads)} read, ${String(refused)} sets of flags refused, ${String(writes)} writes made, ${String(failed)} disagreements\n`,
)
for (const [id, times] of intended) process.stdout.write(`intended: ${id} ${String(times)}\n`)
process.exitCode = failed === 0 ? 0 : 1
