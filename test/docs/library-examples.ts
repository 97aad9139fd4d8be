import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { readMarkdown } from '#test/support/markdown.ts'

const SECTION = 'From TypeScript'

/** An example of the documentation and what is said to come of it. */
export interface LibraryExample {
  readonly program: string
  readonly output: string
}

/** The examples below "From TypeScript" in their order. */
export function libraryExamples(): readonly LibraryExample[] {
  const blocks = readMarkdown('docs/layers.md').blocks.filter(({ section }) => section === SECTION)
  return blocks.flatMap(({ language, text }, at) =>
    language === 'ts' ? [{ program: text, output: blocks[at + 1]?.text ?? '' }] : [],
  )
}

/** A home directory with the config that the examples speak of, and an empty folder to work in. */
export async function exampleHome(): Promise<{
  readonly home: string
  readonly remove: () => Promise<void>
}> {
  const home = await mkdtemp(join(tmpdir(), 'runtimeconfig-example-'))
  const config = readMarkdown('docs/layers.md').blocks.find(
    ({ section, language }) => section === SECTION && language === 'toml',
  )
  await mkdir(join(home, '.codex'))
  await writeFile(join(home, '.codex', 'config.toml'), config?.text ?? '')
  return { home, remove: () => rm(home, { recursive: true, force: true }) }
}
