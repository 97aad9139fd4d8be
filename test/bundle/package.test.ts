import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { exampleHome, libraryExamples } from '#test/docs/library-examples.ts'

const run = promisify(execFile)
const ROOT = new URL('../..', import.meta.url).pathname

describe('the packed package', () => {
  let folder = ''
  let command = ''
  // The package needs Node 24; the machine's own may be older.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-package-'))
    await run('npm', ['run', 'build'], { cwd: ROOT })
    await run('npm', ['pack', '--json', '--pack-destination', folder, './dist'], {
      cwd: ROOT,
    })
    const [packed] = await readdir(folder)
    await writeFile(join(folder, 'package.json'), '{"name":"empty","private":true}')
    await run('npm', ['install', '--no-audit', '--no-fund', join(folder, packed ?? '')], { cwd: folder })
    command = join(folder, 'node_modules', '.bin', 'runtimeconfig')
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('brings no other package with it', async () => {
    const names = (await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.'))
    expect(names).toEqual(['runtime-config-operator'])
  })

  it('says its version', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      readonly version: string
    }
    expect((await run(command, ['--version'], { env })).stdout).toBe(`${version}\n`)
  })

  it('plays the whole demo', async () => {
    const { stdout } = await run(command, ['demo', '--output', 'json'], { env })
    const { passed, devices } = JSON.parse(stdout) as {
      readonly passed: boolean
      readonly devices: readonly { readonly device: string }[]
    }
    expect([passed, devices.map(({ device }) => device)]).toEqual([
      true,
      ['desk', 'laptop', 'train', 'studio'],
    ])
  })

  it('has a library with types that a strict project compiles against and plain Node runs', async () => {
    const examples = libraryExamples()
    for (const [at, { program }] of examples.entries()) {
      await writeFile(join(folder, `example-${String(at)}.mts`), program)
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(STRICT_PROJECT))
    // The types of Node are what such a project has anyway; the library itself needs none of them.
    const types = ['--typeRoots', join(ROOT, 'node_modules', '@types')]
    await run(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', folder, ...types], { env })

    const printed: string[] = []
    for (const at of examples.keys()) {
      const { home, remove } = await exampleHome()
      const { stdout } = await run(process.execPath, [join(folder, `example-${String(at)}.mjs`)], {
        cwd: home,
        env: { ...env, HOME: home, NO_COLOR: '1' },
      })
      printed.push(stdout.trimEnd())
      await remove()
    }
    expect(printed).toEqual(examples.map(({ output }) => output))
  })

  it('has a library that holds nothing of the server and needs nothing but Node', async () => {
    const text = await readFile(join(folder, 'node_modules', 'runtime-config-operator', 'layers.js'), 'utf8')
    const imported = [...text.matchAll(/^import .* from "([^"]+)"/gm)].map(([, name]) => name ?? '')
    expect(imported.filter((name) => !name.startsWith('node:'))).toEqual([])
    expect(text).not.toMatch(/express|socket\.io|zod|RuntimeConfigController/)
  })
})

const STRICT_PROJECT = {
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: 'es2022',
    module: 'nodenext',
    types: ['node'],
    skipLibCheck: false,
  },
  include: ['*.mts'],
}
