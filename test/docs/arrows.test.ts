import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = new URL('../..', import.meta.url).pathname

// Each row: a file, and what it would import. The rule is the same for values and, but for core and protocol, for types.
const FORBIDDEN = [
  ['crds/x.ts', '#core/errors.ts'],
  ['protocol/x.ts', '#core/errors.ts'],
  ['layers/x.ts', '#core/errors.ts'],
  ['layers/x.ts', '#protocol/problem.ts'],
  ['core/x.ts', '#layers/value.ts'],
  ['protocol/x.ts', '#layers/value.ts'],
  ['store/x.ts', '#layers/value.ts'],
  ['core/x.ts', '#protocol/problem.ts'],
  ['core/x.ts', '#store/store.ts'],
  ['core/x.ts', '#secrets/seal.ts'],
  ['core/x.ts', 'node:fs'],
  ['secrets/x.ts', '#api/server.ts'],
  ['secrets/x.ts', '#controller/manager.ts'],
  ['store/x.ts', '#controller/manager.ts'],
  ['store/sqlite/x.ts', '#api/server.ts'],
  ['store/x.ts', '#cli/main.ts'],
  ['store/x.ts', '#secrets/seal.ts'],
  ['secrets/x.ts', '#store/store.ts'],
  ['crds/x.ts', '#protocol/problem.ts'],
  ['protocol/x.ts', '#crds/kinds.ts'],
  ['api/x.ts', '#bench/row.ts'],
  ['controller/x.ts', '#store/sqlite/open.ts'],
  ['controller/x.ts', '#store/kubernetes/store.ts'],
  ['controller/x.ts', '#api/server.ts'],
  ['controller/auth-sync/x.ts', '#cli/main.ts'],
  ['api/x.ts', '#controller/manager.ts'],
  ['api/users/x.ts', '#store/sqlite/open.ts'],
  ['api/x.ts', '#agent/main.ts'],
  ['agent/x.ts', '#core/errors.ts'],
  ['agent/x.ts', '#store/store.ts'],
  ['agent/x.ts', '#cli/main.ts'],
  ['api/x.ts', '@kubernetes/client-node'],
  ['core/x.ts', '../api/server.ts'],
  ['api/users/x.ts', '../server.ts'],
] as const

const ALLOWED = [
  ['core/x.ts', '#crds/kinds.ts'],
  ['core/x.ts', 'node:crypto'],
  ['secrets/x.ts', '#core/errors.ts'],
  ['store/x.ts', '#crds/kinds.ts'],
  ['controller/x.ts', '#store/store.ts'],
  ['controller/x.ts', '#core/errors.ts'],
  ['api/x.ts', '#secrets/seal.ts'],
  ['api/x.ts', '#store/store.ts'],
  ['agent/x.ts', '#protocol/command.ts'],
  ['agent/x.ts', '#layers/load.ts'],
  ['api/x.ts', '#layers/stack.ts'],
  ['controller/x.ts', '#layers/managed-fault.ts'],
  ['cli/x.ts', '#store/sqlite/open.ts'],
  ['cli/x.ts', '#agent/main.ts'],
] as const

describe('an arrow between folders', () => {
  let folder = ''
  let complaints: ReadonlyMap<string, readonly string[]> = new Map()
  const nameOf = (file: string, at: number): string => file.replace('x.ts', `${String(at)}.ts`)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-arrows-'))
    await copyFile(join(ROOT, '.oxlintrc.json'), join(folder, '.oxlintrc.json'))
    for (const [at, [file, imported]] of [...FORBIDDEN, ...ALLOWED].entries()) {
      const path = join(folder, nameOf(file, at))
      await mkdir(dirname(path), { recursive: true })
      await writeFile(
        path,
        `import { thing } from '${imported}'\n\n/** Uses it. */\nexport const used = thing\n`,
      )
    }
    complaints = await lint(folder)
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.each(FORBIDDEN.map(([file, imported], at) => [file, imported, at] as const))(
    'is refused: %s → %s',
    (file, _imported, at) => {
      expect(complaints.get(nameOf(file, at))?.some((rule) => rule.includes('no-restricted-imports'))).toBe(
        true,
      )
    },
  )

  it.each(ALLOWED.map(([file, imported], at) => [file, imported, at + FORBIDDEN.length] as const))(
    'is fine: %s → %s',
    (file, _imported, at) => {
      expect(complaints.get(nameOf(file, at)) ?? []).toEqual([])
    },
  )
})

interface Diagnostic {
  readonly code: string
  readonly filename: string
}

async function lint(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const oxlint = join(ROOT, 'node_modules/.bin/oxlint')
  // It exits with 1 because it finds something, which is the point; the findings are on stdout either way.
  const stdout = await new Promise<string>((resolve) => {
    execFile(
      oxlint,
      ['--format', 'json', '--config', '.oxlintrc.json', '.'],
      { cwd: folder },
      (_error, out) => resolve(out),
    )
  })
  const { diagnostics } = JSON.parse(stdout) as { readonly diagnostics: readonly Diagnostic[] }
  const restricted = diagnostics.filter(({ code }) => code.includes('no-restricted-imports'))
  const byFile = Map.groupBy(restricted, ({ filename }) => filename)
  return new Map([...byFile].map(([name, found]): [string, string[]] => [name, codesOf(found)]))
}

function codesOf(found: readonly Diagnostic[]): string[] {
  return found.map(({ code }) => code)
}
