import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { ROOT } from '#test/support/markdown.ts'

import { exampleHome, libraryExamples } from './library-examples.ts'

describe('the library as it is documented', () => {
  let project = ''

  // The package by its name, as another project has it, with the sources in place of what is packed.
  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'runtimeconfig-project-'))
    await mkdir(join(project, 'node_modules'))
    await writeFile(join(project, 'package.json'), '{"type":"module"}')
    await symlink(ROOT, join(project, 'node_modules', 'runtime-config-operator'))
  })

  afterAll(() => rm(project, { recursive: true, force: true }))

  it.each([...libraryExamples().entries()])(
    'prints in example no. %d what it is said to print',
    async (number, { program, output }) => {
      const { home, remove } = await exampleHome()
      const path = join(project, `example-${String(number)}.ts`)
      await writeFile(path, program)
      const env = { ...process.env, HOME: home, NO_COLOR: '1' }
      const { stdout } = await promisify(execFile)(process.execPath, [path], { cwd: home, env })
      await remove()
      expect(stdout.trimEnd()).toBe(output)
    },
  )

  it('has an example for loading, laying, merging and writing', () => {
    expect(libraryExamples()).toHaveLength(4)
  })
})
