import { expect, it } from 'vitest'

import { listCases, SQLITE } from '#test/store/conformance/cases.ts'
import { toRows } from '#test/store/conformance/report.ts'
import { readMarkdown } from '#test/support/markdown.ts'

const DOCUMENT = readMarkdown('docs/conformance.md')

it('lists every case that a store is held to, and no other', async () => {
  const cases = toRows(await listCases(SQLITE)).map((row) => `${row.section}: ${row.case}`)
  expect(cases.length).toBeGreaterThan(100)
  const listed = DOCUMENT.tables
    .filter(({ columns }) => columns[0] === 'case')
    .flatMap(({ section, rows }) => rows.map(([title]) => `${section}: ${title}`))
  expect(listed.toSorted()).toEqual(cases.toSorted())
})

it('says that both stores pass all of them', () => {
  const results = DOCUMENT.tables
    .filter(({ columns }) => columns[0] === 'case')
    .flatMap(({ rows }) => rows.map(([, ...results]) => results))
  expect(results.filter((row) => row.join() !== 'passes,passes')).toEqual([])
})
