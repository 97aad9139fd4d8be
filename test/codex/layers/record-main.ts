import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { findBinary } from './binary.ts'
import { canonicalText } from './exact-json.ts'
import { unexplained } from './explained.ts'
import { differencesOf, recordAll, type Rerun } from './record-all.ts'
import { tell } from './record-differences.ts'
import { whatIsMissing } from './sandbox.ts'

// `npm run layers:record`: runs the recorded cases on the real CLI again and tells what differs from the recording.
// `--codex PATH` takes another CLI, `--version` holds it against the recording of that release, `--write FOLDER` keeps what
// it did, in the form of the recordings.
const { values } = parseArgs({
  options: { codex: { type: 'string' }, version: { type: 'string' }, write: { type: 'string' } },
})
const missing = whatIsMissing()
if (missing !== null) throw new Error(missing)
const binary = findBinary(values.codex)
const version = values.version ?? binary.version
process.stdout.write(`codex ${binary.version} (${binary.path}), held against the recording of ${version}\n`)
const reruns = await recordAll(binary)
if (values.write !== undefined) keep(values.write, reruns)
const differences = differencesOf(reruns, version)
for (const difference of differences) process.stdout.write(`\n${tell(difference)}\n`)
const open = unexplained(differences, version)
process.stdout.write(
  `\n${reruns.length} cases, ${differences.length} differences, ${open.length} of them not explained in docs/layers-differences.md\n`,
)
process.exitCode = open.length === 0 ? 0 : 1

function keep(folder: string, all: readonly Rerun[]): void {
  mkdirSync(folder, { recursive: true })
  for (const [file, cases] of Map.groupBy(all, (one) => one.file)) {
    const lines = cases.map(({ vector, now }) =>
      canonicalText(new Map([...(vector as ReadonlyMap<string, never>), ['expected', now] as const])),
    )
    writeFileSync(join(folder, `${file}.json`), `[\n${lines.join(',\n')}\n]\n`)
  }
}
