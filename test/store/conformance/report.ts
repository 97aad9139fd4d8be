import type { CaseResult } from './cases.ts'

/** One line of the report. */
export interface ReportRow {
  /** Such as `store: updateStatus`. */
  readonly section: string
  readonly case: string
  readonly sqlite: string
  readonly kubernetes: string
}

const INTRODUCTION = `# Conformance

What the product keeps, it keeps through a few ports with the semantics of Kubernetes. Every case of \`test/store/conformance/\` is held against SQLite
and against a real API server, unchanged. Where the two differed, SQLite was wrong.

This page is generated: \`npm run conformance\` goes through all cases, which takes what [the cluster suite](../test/cluster/README.md) takes.
`

/** Puts the results of both stores side by side, in the order of the cases. */
export function toRows(results: readonly CaseResult[]): readonly ReportRow[] {
  const cells = new Map<
    string,
    { readonly section: string; readonly title: string; readonly results: CaseResult[] }
  >()
  for (const result of results) {
    const section = sectionOf(result)
    const id = `${section}\n${result.title}`
    const cell = cells.get(id) ?? { section, title: result.title, results: [] }
    cell.results.push(result)
    cells.set(id, cell)
  }
  return [...cells.values()].map(({ section, title, results }) => ({
    section,
    case: escaped(title),
    sqlite: summary(results.filter(({ subject }) => subject.includes('SQLite'))),
    kubernetes: summary(results.filter(({ subject }) => subject.includes('Kubernetes'))),
  }))
}

/** Writes the report as Markdown. */
export function toReport(results: readonly CaseResult[]): string {
  const rows = toRows(results)
  const passed = (store: 'sqlite' | 'kubernetes') => rows.filter((row) => row[store] === 'passes').length
  const counts = [
    '| store | cases | pass |',
    '| --- | --- | --- |',
    `| SQLite | ${rows.length} | ${passed('sqlite')} |`,
    `| Kubernetes | ${rows.length} | ${passed('kubernetes')} |`,
  ]
  const sections = [...new Set(rows.map(({ section }) => section))].map((section) => {
    const lines = rows
      .filter((row) => row.section === section)
      .map((row) => `| ${row.case} | ${row.sqlite} | ${row.kubernetes} |`)
    return [`## ${section}`, '', '| case | SQLite | Kubernetes |', '| --- | --- | --- |', ...lines].join('\n')
  })
  return `${[INTRODUCTION, counts.join('\n'), ...sections].join('\n\n')}\n`
}

// `the unwatched Kubernetes tokens` is the same store in another state: both have to pass.
function sectionOf({ subject, group }: CaseResult): string {
  const what = subject.split(' ').at(-1) ?? ''
  return group === '' ? what : `${what}: ${group}`
}

function summary(results: readonly CaseResult[]): string {
  if (results.length === 0) return 'missing'
  if (results.some(({ result }) => result === 'failed')) return '**fails**'
  return results.every(({ result }) => result === 'passed') ? 'passes' : 'not run'
}

// As the formatter leaves it.
function escaped(title: string): string {
  return title.replaceAll(/[\\|*_<>`[\]]/g, (character) => `\\${character}`).replaceAll(/\s+/g, ' ')
}
