import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

import { expect, it } from 'vitest'

import { readMarkdown, ROOT } from '#test/support/markdown.ts'

const DOCUMENTS = readdirSync(join(ROOT, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`)

const ANCHORS = new Map(DOCUMENTS.map((path) => [path, readMarkdown(path).anchors]))

it.each(['README.md', 'CONTRIBUTING.md', 'bench/README.md', ...DOCUMENTS])(
  'leads nowhere wrong from %s',
  (path) => {
    const broken = readMarkdown(path).links.filter((link) => !leadsSomewhere(path, link))
    expect(broken).toEqual([])
  },
)

function leadsSomewhere(from: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return true
  const [file = '', anchor] = link.split('#')
  const target = file === '' ? from : normalize(join(dirname(from), file))
  if (!existsSync(join(ROOT, target))) return false
  return anchor === undefined || ANCHORS.get(target)?.has(anchor) === true
}
