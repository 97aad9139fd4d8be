import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { ROOT } from '#test/support/markdown.ts'

import { KUBERNETES, runCases, SQLITE } from './cases.ts'
import { toReport, toRows } from './report.ts'

const REPORT = join(ROOT, 'docs', 'conformance.md')

const results = [...(await runCases(SQLITE)), ...(await runCases(KUBERNETES))]
await writeFile(REPORT, toReport(results))
await promisify(execFile)(join(ROOT, 'node_modules', '.bin', 'oxfmt'), [REPORT])
const wrong = toRows(results).filter((row) => row.sqlite !== 'passes' || row.kubernetes !== 'passes')
for (const row of wrong) {
  process.stdout.write(`${row.section}, ${row.case}: SQLite ${row.sqlite}, Kubernetes ${row.kubernetes}\n`)
}
process.stdout.write(`${toRows(results).length} cases, ${wrong.length} of them not passed by both\n`)
process.exitCode = wrong.length === 0 ? 0 : 1
