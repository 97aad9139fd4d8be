import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import {
  buildImage,
  canIsolate,
  type ContainerOptions,
  type Image,
  readStages,
  sentToBuild,
  startContainer,
} from './image.ts'

const ROOT = join(import.meta.dirname, '..', '..')

describe('the Dockerfile', () => {
  it('ends with an image that runs no step, has no shell form and is not root', async () => {
    const [, last = []] = await readStages()
    expect(last.filter(({ name }) => name === 'RUN')).toEqual([])
    expect(last.filter(({ name, text }) => /^(ENTRYPOINT|CMD)$/.test(name) && !text.startsWith('['))).toEqual(
      [],
    )
    expect(last.find(({ name }) => name === 'USER')?.text).toBe('65532:65532')
  })

  it('says what it is', async () => {
    const [, last = []] = await readStages()
    const labels = last.filter(({ name }) => name === 'LABEL').map(({ text }) => text)
    const keys = [...labels.join(' ').matchAll(/org\.opencontainers\.image\.(\w+)=/g)].map(([, key]) => key)
    expect(keys).toEqual(['title', 'description', 'licenses', 'version', 'revision'])
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(last.find(({ text }) => text.startsWith('VERSION='))?.text).toBe(`VERSION=${version}`)
  })

  it('is sent what the build reads, and no secrets, tests or modules that lie around', async () => {
    const paths = [
      'cli/main.ts',
      'package.json',
      'README.md',
      '.env',
      '.git/config',
      'node_modules/a/b.js',
      'dist/main.js',
    ]
    const more = ['test/a.test.ts', 'keyring.json', 'core/README.md', 'bench/main.ts', 'charts/a/Chart.yaml']
    expect(await sentToBuild([...paths, ...more])).toEqual(['cli/main.ts', 'package.json', 'README.md'])
  })
})

describe('what the Dockerfile builds', () => {
  let image: Image
  beforeAll(async () => {
    image = await buildImage()
  })
  afterAll(() => image.remove())

  it('holds the bundle and nothing else', async () => {
    const files = (await readdir(join(image.root, 'app'))).toSorted()
    expect(files).toEqual(['LICENSE', 'chunks', 'main.js', 'package.json', 'runtimeconfig.js'])
  })

  it('runs without a shell, a home or a file to write', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(await outputOf({ args: ['--version'] })).toEqual({ code: 0, text: `${version}\n` })
  })

  it('is not root there, and writes only to /tmp', async () => {
    // Elsewhere the files are run as they are, and there is nothing to see.
    if (!(await canIsolate())) return
    const program = `const fs = require('node:fs')
      const refusals = ['/app/x', '/x', '/etc/x'].map((path) => { try { fs.writeFileSync(path, '') } catch (error) { return error.code } })
      fs.writeFileSync('/tmp/x', '')
      console.log(process.getuid(), process.getgid(), process.getgroups().join(), refusals.join())
      console.log(fs.readFileSync('/proc/self/status', 'utf8').match(/CapEff:\\s*(\\w+)|NoNewPrivs:\\s*(\\d)/g).join())`
    const plain = { ...image, entrypoint: image.entrypoint.slice(0, 1) }
    const { code, text } = await outputOf({ args: ['--eval', program] }, plain)
    expect(text.replaceAll('\t', ' ').split('\n')).toEqual([
      '65532 65532 65532 EROFS,EROFS,EROFS',
      'CapEff: 0000000000000000,NoNewPrivs: 1',
      '',
    ])
    expect(code).toBe(0)
  })

  it('serves, and ends in order when it is told to', async () => {
    const child = await startContainer(image, {
      args: ['serve', '--data', '/tmp/data', '--listen', '127.0.0.1:0', '--output', 'json'],
    })
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const { address } = JSON.parse(line) as { readonly address: string }
    expect((await fetch(`${address}/readyz`)).status).toBe(200)
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })

  async function outputOf(options: ContainerOptions, from = image): Promise<{ code: unknown; text: string }> {
    const child = await startContainer(from, options)
    const chunks: string[] = []
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => chunks.push(String(chunk)))
    const [code] = await once(child, 'close')
    return { code, text: chunks.join('') }
  }
})
