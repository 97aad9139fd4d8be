import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { findAssets } from './assets.ts'

describe('findAssets', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assets-'))
  })

  afterEach(() => rm(folder, { recursive: true }))

  it('takes what KUBEBUILDER_ASSETS holds', async () => {
    const programs = ['etcd', 'kube-apiserver', 'kubectl', 'helm']
    for (const program of programs) await writeFile(join(folder, program), '', { mode: 0o700 })
    const assets = await findAssets({ KUBEBUILDER_ASSETS: folder })
    expect(assets).toEqual(Object.fromEntries(programs.map((program) => [program, join(folder, program)])))
  })

  it('says in one sentence what to install when there is no Go either', async () => {
    const environment = { KUBEBUILDER_ASSETS: folder, XDG_CACHE_HOME: folder, PATH: folder }
    await expect(findAssets(environment)).rejects.toThrow(/^the cluster suite needs .* built once$/)
  })

  it('asks for a newer Go when the one that is there is too old', async () => {
    await writeFile(join(folder, 'go'), '#!/bin/sh\necho go version go1.25.9 linux/amd64\n', { mode: 0o700 })
    const environment = { XDG_CACHE_HOME: folder, PATH: folder }
    await expect(findAssets(environment)).rejects.toThrow('Go 1.26 or newer')
  })
})
