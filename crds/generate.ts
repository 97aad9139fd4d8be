// Writes everything that follows from the YAML in this folder: `node crds/generate.ts`, or `--check` to compare only.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { parse } from 'yaml'

import type { Definition } from './definition.ts'
import { typeSource } from './type-source.ts'

const ROOT = join(import.meta.dirname, '..')
const CHART = 'charts/runtime-config-operator'

/** Files by path from the root of the repository. */
type Files = ReadonlyMap<string, string>

interface Source {
  /** Without `.yaml`. */
  readonly name: string
  readonly text: string
}

if (import.meta.main) await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<void> {
  const files = await generateFiles()
  if (!args.includes('--check')) return writeFiles(files)
  const stale = await staleFiles(files)
  if (stale.length === 0) return
  process.stderr.write(`not as generated: ${stale.join(', ')}; run npm run generate\n`)
  process.exitCode = 1
}

/** Computes every generated file from the YAML, without writing any. */
export async function generateFiles(): Promise<Files> {
  const crds = await sourcesIn('crds')
  const runtimes = await sourcesIn('crds/runtimes')
  const definitions = crds.map((source): Definition => parse(source.text))
  const files = new Map<string, string>()
  for (const [index, definition] of definitions.entries()) {
    const name = crds[index]?.name ?? ''
    files.set(`crds/types/${name}.ts`, banner('//', `crds/${name}.yaml`) + (await typeSource(definition)))
  }
  files.set('crds/types/definitions.generated.ts', definitionsSource(crds, definitions))
  files.set('crds/types/runtimes.generated.ts', runtimesSource(runtimes))
  for (const { name, text } of crds) {
    files.set(`${CHART}/definitions/${name}.yaml`, banner('#', `crds/${name}.yaml`) + text)
  }
  return files
}

/** Names the files that are missing, changed by hand, or left over from a source that is gone. */
export async function staleFiles(files: Files): Promise<readonly string[]> {
  const stale: string[] = []
  for (const [path, text] of files) {
    if ((await readIfThere(path)) !== text) stale.push(path)
  }
  for (const folder of new Set([...files.keys()].map((path) => dirname(path)))) {
    const present = await readdir(join(ROOT, folder)).catch(() => [])
    const leftOver = present.filter((name) => name !== 'README.md' && !files.has(`${folder}/${name}`))
    stale.push(...leftOver.map((name) => `${folder}/${name}`))
  }
  return stale
}

async function writeFiles(files: Files): Promise<void> {
  for (const [path, text] of files) {
    await mkdir(dirname(join(ROOT, path)), { recursive: true })
    if ((await readIfThere(path)) !== text) await writeFile(join(ROOT, path), text)
  }
}

async function sourcesIn(folder: string): Promise<readonly Source[]> {
  const names = (await readdir(join(ROOT, folder))).filter((name) => name.endsWith('.yaml')).sort()
  return Promise.all(
    names.map(async (name) => ({
      name: name.replace(/\.yaml$/, ''),
      text: await readFile(join(ROOT, folder, name), 'utf8'),
    })),
  )
}

function readIfThere(path: string): Promise<string | undefined> {
  return readFile(join(ROOT, path), 'utf8').catch(() => undefined)
}

function definitionsSource(crds: readonly Source[], definitions: readonly Definition[]): string {
  const kinds = definitions.map((definition) => definition.spec.names.kind)
  const imports = kinds.map((kind, index) => `import type { ${kind} } from './${crds[index]?.name}.ts'`)
  const members = kinds.map((kind) => `  readonly ${kind}: ${kind}`)
  const data = definitions.map((definition, index) => `  ${kinds[index]}: ${literal(definition)},`)
  return `${banner('//', 'crds/*.yaml')}import type { Definition } from '#crds/definition.ts'

${imports.join('\n')}

/** The objects of every kind by the kind's name. */
export interface Objects {
${members.join('\n')}
}

/** The custom resource definitions, so that a bundle needs no file beside it. */
export const DEFINITIONS: { readonly [K in keyof Objects]: Definition } = {
${data.join('\n')}
}
`
}

function runtimesSource(runtimes: readonly Source[]): string {
  const objects = runtimes.map((source) => `  ${literal(parse(source.text))},`)
  return `${banner('//', 'crds/runtimes/*.yaml')}import type { Runtime } from './runtime.ts'

/** The runtimes that ship with the product, ordered by name. */
export const BUILT_IN_RUNTIMES: readonly Runtime[] = [
${objects.join('\n')}
]
`
}

function literal(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', '\n  ')
}

function banner(comment: string, source: string): string {
  return `${comment} Generated from ${source} by \`npm run generate\`. Do not edit.\n`
}
