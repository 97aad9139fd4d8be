import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { type MarkdownTable, readMarkdown, ROOT } from '#test/support/markdown.ts'
import { readSource } from '#test/support/source-text.ts'

const ARCHITECTURE = readMarkdown('ARCHITECTURE.md')

// What git does not keep is no folder of the tree.
const NOT_KEPT = new Set(['node_modules', 'dist', 'coverage'])
const FOLDERS = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !NOT_KEPT.has(entry.name))
  .map(({ name }) => name)

/** Folders of the picture: those whose sources import one another. Tests may import everything. */
const DRAWN = FOLDERS.filter((folder) => folder !== 'test')

it.each(['ARCHITECTURE.md', 'AGENTS.md', ...readmes()])('names only files that exist in %s', (path) => {
  const kept = namedFiles(path).filter((name) => !NOT_KEPT.has(name.split('/')[0] ?? ''))
  expect(kept.filter((name) => !existsSync(join(ROOT, name)))).toEqual([])
})

it.each(['ARCHITECTURE.md', 'AGENTS.md'])('leads nowhere wrong from %s', (path) => {
  const files = readMarkdown(path).links.map((link) => link.split('#')[0] ?? '')
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
})

it('names, in each walk, only functions that are defined in the file beside them', () => {
  const strange = walks().flatMap(({ section, rows }) =>
    rows
      .filter(([file = '', name = '']) => !isDefinedIn(readSource(file), name))
      .map(([file, name]) => `${section}: ${name} in ${file}`),
  )
  expect(strange).toEqual([])
})

it('describes the eight walks, each over many files', () => {
  expect(walks().map(({ section }) => /^Walk \d/.exec(section)?.[0])).toEqual([
    'Walk 1',
    'Walk 2',
    'Walk 3',
    'Walk 4',
    'Walk 5',
    'Walk 6',
    'Walk 7',
    'Walk 8',
  ])
  expect(walks().filter(({ rows }) => rows.length < 8)).toEqual([])
})

it('draws exactly the arrows that the imports have, dotted where only types are taken', () => {
  expect(drawnArrows()).toEqual(importedArrows())
})

it('lets only cli and bench know which store it is', () => {
  const adapter = /from\s+'#store\/(?:sqlite|kubernetes)\//
  const knowing = DRAWN.filter(
    (folder) =>
      folder !== 'store' && sourcesOf(folder, /\.ts$/).some((path) => adapter.test(readSource(path))),
  )
  expect(knowing).toEqual(['bench', 'cli'])
})

it('draws every folder of sources with a name', () => {
  const ends = importedArrows().flatMap((arrow) => arrow.split(/ -\.?-?> /))
  const named = [...picture().matchAll(/^ {2}(\w+)\[/gm)].map(([, name = '']) => name)
  expect(named.toSorted()).toEqual([...new Set(ends)].toSorted())
})

it('lists every folder, and no other, in the map for coding agents', () => {
  const table = readMarkdown('AGENTS.md').tables.find(({ section }) => section === 'Folders')
  expect(table?.rows.map(([folder]) => folder).toSorted()).toEqual(
    FOLDERS.map((name) => `${name}/`).toSorted(),
  )
})

it('has a README in every folder of sources', () => {
  const folders = new Set([...FOLDERS, ...FOLDERS.flatMap(foldersOfSources)])
  const silent = [...folders].filter(
    (folder) => !isMirror(folder) && !existsSync(join(ROOT, folder, 'README.md')),
  )
  expect(silent).toEqual([])
})

// The chart's shows its values where every chart's does; the other one is read beside the manifests it tells of.
const FOR_USERS = new Set(['charts/runtime-config-operator/README.md', 'examples/README.md'])

it.each(readmes().filter((path) => !FOR_USERS.has(path)))(
  'says what the folder is, in at most 15 lines, in %s',
  (path) => {
    const lines = readSource(path).trimEnd().split('\n')
    expect(lines[0]).toMatch(new RegExp(`^# ${path.replace('/README.md', '')}: .`))
    expect(lines.length).toBeLessThanOrEqual(15)
  },
)

/** The folder and those in it that hold TypeScript themselves. */
function foldersOfSources(folder: string): readonly string[] {
  return sourcesOf(folder, /\.ts$/).map((path) => path.slice(0, path.lastIndexOf('/')))
}

/** `test/api/users` is about `api/users`, which `test/README.md` says of all such folders. */
function isMirror(folder: string): boolean {
  return folder.startsWith('test/') && existsSync(join(ROOT, folder.slice('test/'.length)))
}

function readmes(): readonly string[] {
  return FOLDERS.flatMap((folder) => sourcesOf(folder, /(^|\/)README\.md$/))
}

function walks(): readonly MarkdownTable[] {
  return ARCHITECTURE.tables.filter(({ section }) => section.startsWith('Walk '))
}

/** Whatever stands in backticks and looks like a file or folder: from the root of the repository, or beside the document. */
function namedFiles(document: string): readonly string[] {
  const folder = document.slice(0, document.lastIndexOf('/') + 1)
  const text = readFileSync(join(ROOT, document), 'utf8').replaceAll(/^```.*?^```$/gms, '')
  return [...text.matchAll(/`([\w.-]+(?:\/[\w.-]+)*\/?)`/g)]
    .map(([, name = '']) => name)
    .filter(looksLikeFile)
    .map((name) => (existsSync(join(ROOT, folder, name)) ? `${folder}${name}` : name))
}

function looksLikeFile(name: string): boolean {
  if (/\w\.(?:ts|js|py|md|yaml)$/.test(name)) return true
  return name.includes('/') && [...FOLDERS, ...NOT_KEPT].includes(name.split('/')[0] ?? '')
}

/** `name`, or `Class.name` and `Class.#name` for a method. */
function isDefinedIn(source: string, name: string): boolean {
  const [owner = '', member] = name.split('.')
  const isOwned = new RegExp(String.raw`^(?:export )?(?:async )?(?:function|class|const) \*?${owner}\b`, 'm')
  if (member === undefined) return isOwned.test(source) || isGenerator(source, owner)
  const isMember = new RegExp(String.raw`^ {2}(?:static )?(?:async )?\*?${member}[(<]`, 'm')
  return isOwned.test(source) && isMember.test(source)
}

function isGenerator(source: string, name: string): boolean {
  return new RegExp(String.raw`^(?:export )?(?:async )?function\* ${name}\b`, 'm').test(source)
}

function picture(): string {
  return ARCHITECTURE.blocks.find(({ language }) => language === 'mermaid')?.text ?? ''
}

/** `cli --> api & core` as `cli --> api` and `cli --> core`. */
function drawnArrows(): readonly string[] {
  return [...picture().matchAll(/^ *([\w &]+?) (-->|-\.->) ([\w &]+)$/gm)]
    .flatMap(([, from = '', arrow, to = '']) =>
      from.split(' & ').flatMap((source) => to.split(' & ').map((target) => `${source} ${arrow} ${target}`)),
    )
    .toSorted()
}

// What comes from another folder is imported by its name: `import … from '#core/clock.ts'`, `await import('#core/clock.ts')`.
const IMPORT = /^(?:import|export)\s([^;'"]*?)\bfrom\s+'#(\w+)\/|\bimport\(\s*'#(\w+)\//gm

function importedArrows(): readonly string[] {
  const arrows = new Map<string, boolean>()
  for (const { from, to, isOnlyTypes } of DRAWN.flatMap(importsOf)) {
    const name = `${from} ${to}`
    arrows.set(name, (arrows.get(name) ?? true) && isOnlyTypes)
  }
  return [...arrows]
    .map(([name, isOnlyTypes]) => name.replace(' ', isOnlyTypes ? ' -.-> ' : ' --> '))
    .toSorted()
}

function importsOf(folder: string) {
  return sourcesOf(folder, /\.(?:ts|js)$/)
    .flatMap((path) => readSource(path).matchAll(IMPORT).toArray())
    .map(([, taken, from, lazily]) => ({
      from: folder,
      to: from ?? lazily ?? '',
      isOnlyTypes: taken !== undefined && takesOnlyTypes(taken.trim()),
    }))
    .filter(({ to }) => to !== folder)
}

/** `type { A }`, or `{ type A, type B }`. */
function takesOnlyTypes(taken: string): boolean {
  if (taken.startsWith('type ')) return true
  const names = taken.replaceAll(/[{}]/g, '').split(',')
  return names.every((name) => name.trim() === '' || name.trim().startsWith('type '))
}

function sourcesOf(folder: string, names: RegExp): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => names.test(name) && !name.includes('node_modules'))
    .map((name) => `${folder}/${name}`)
}
