import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { type Build, buildOnce } from './build-once.ts'

describe('buildOnce', () => {
  let folder: string
  let target: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'build-once-'))
    target = join(folder, 'program')
  })

  afterEach(() => rm(folder, { recursive: true }))

  it('builds once for two that ask at once', async () => {
    await Promise.all([
      buildOnce(target, aBuild('echo one >> built')),
      buildOnce(target, aBuild('echo two >> built')),
    ])
    expect((await readFile(join(folder, 'built'), 'utf8')).trim()).toMatch(/^(one|two)$/)
    expect((await readdir(folder)).toSorted()).toEqual(['built', 'program'])
  })

  it('takes over from a builder that died', async () => {
    await writeFile(`${target}.lock`, '999999999')
    await buildOnce(target, aBuild('true'))
    expect((await readdir(folder)).toSorted()).toEqual(['program'])
  })

  it('leaves nothing that looks finished when a build fails', async () => {
    await expect(buildOnce(target, aBuild('exit 3'))).rejects.toThrow('ended with 3')
    expect(await readdir(folder)).not.toContain('program')
    expect(await readdir(folder)).not.toContain('program.lock')
  })

  function aBuild(script: string): Build {
    return {
      say: 'building',
      command: ['sh', '-c', `${script} && echo built > ${target}.new`],
      cwd: folder,
      env: process.env,
    }
  }
})
