import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { appendFile, mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import { type LayersFs, MAX_FILE_BYTES, nodeFs } from '#layers/sources/files.ts'

import { refusalOf } from './refusal.ts'
import { aSandbox } from './sandbox.ts'

async function textAt(fs: LayersFs, path: string): Promise<string | null> {
  const bytes = await fs.readFile(path)
  return bytes === null ? null : Buffer.from(bytes).toString()
}

describe('reading a file', () => {
  it('gives its bytes, through links too', async () => {
    const { root } = await aSandbox()
    await writeFile(join(root, 'file'), 'a = 1\n')
    await symlink('file', join(root, 'link'))
    expect([await textAt(nodeFs(), join(root, 'file')), await textAt(nodeFs(), join(root, 'link'))]).toEqual([
      'a = 1\n',
      'a = 1\n',
    ])
  })

  it('finds nothing where nothing is, and where a link leads to nothing', async () => {
    const { root } = await aSandbox()
    await symlink('nowhere', join(root, 'link'))
    expect([
      await nodeFs().readFile(join(root, 'none')),
      await nodeFs().readFile(join(root, 'link')),
    ]).toEqual([null, null])
  })

  it('takes the null device for an empty file', async () => {
    expect(await textAt(nodeFs(), '/dev/null')).toBe('')
  })

  it('reads a file of the largest size, and refuses one byte more', async () => {
    const { root } = await aSandbox()
    const path = join(root, 'large')
    await writeFile(path, 'x'.repeat(MAX_FILE_BYTES))
    expect((await nodeFs().readFile(path))?.length).toBe(MAX_FILE_BYTES)
    await appendFile(path, 'x')
    expect((await refusalOf(nodeFs().readFile(path))).message).toBe(
      `${path}: expected at most 1048576 bytes, got more`,
    )
  })

  it.each<readonly [what: string, make: (path: string) => unknown, reason: string]>([
    ['a folder', (path) => mkdir(path), 'expected a file, got a folder'],
    ['a pipe that nobody writes to', (path) => execFileSync('mkfifo', [path]), 'expected a file, got a pipe'],
    ['a device that never ends', (path) => symlink('/dev/zero', path), 'expected a file, got a device'],
    ['links in a circle', (path) => symlink(path, path), 'expected a file, got links that lead in a circle'],
    ['a socket', listenAt, 'expected a file, got a socket or a device'],
  ])('refuses %s and names the path', async (_what, make, reason) => {
    const { root } = await aSandbox()
    const path = join(root, 'x.toml')
    await make(path)
    const fault = await refusalOf(nodeFs().readFile(path))
    expect([fault.code, fault.message]).toEqual(['configUnreadable', `${path}: ${reason}`])
  })

  it.each([
    ['below a file', '/dev/null/x', 'expected a folder before the last part of the path, got something else'],
    ['too long', `/${'x'.repeat(300)}`, 'expected a path that fits, got one that is too long'],
    ['with a null character', '/x\0y', 'expected a path without null characters'],
  ])('refuses a path that is %s', async (_what, path, reason) => {
    expect((await refusalOf(nodeFs().readFile(path))).reason).toBe(reason)
  })

  it('refuses what the user may not read', async () => {
    const { root } = await aSandbox()
    const path = join(root, 'x.toml')
    await writeFile(path, 'a = 1', { mode: 0 })
    // An administrator may read everything, so the question is asked as somebody else.
    const script = `
      const { nodeFs } = await import('#layers/sources/files.ts')
      if (process.getuid() === 0) process.setuid(65534)
      await nodeFs().readFile(process.argv[1]).catch((error) => console.log(error.message))`
    execFileSync('chmod', ['755', root])
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script, path], {
      encoding: 'utf8',
    })
    expect(said.trim()).toBe(`${path}: expected a file that may be read, got one without permission`)
  })
})

describe('reading a file that changes', () => {
  it('reads again when it grew meanwhile, until it is at rest', async () => {
    const { root } = await aSandbox()
    const path = join(root, 'x.toml')
    await writeFile(path, 'half')
    const steps = [() => appendFile(path, ' and'), () => appendFile(path, ' half'), () => Promise.resolve()]
    const fs = nodeFs({
      // Every change was made just now, until nothing is left to be changed.
      now: () => statSync(path).mtimeMs + (steps.length === 0 ? 60_000 : 0),
      pause: async () => {
        await steps.shift()?.()
      },
    })
    expect(await textAt(fs, path)).toBe('half and half')
  })

  it('does not take a file for empty that is about to be written anew', async () => {
    const { root } = await aSandbox()
    const path = join(root, 'x.toml')
    await writeFile(path, 'old')
    await truncate(path)
    let later = 50
    const fs = nodeFs({
      now: () => statSync(path).mtimeMs + later,
      pause: async () => {
        await writeFile(path, 'new')
        later = 60_000
      },
    })
    expect(await textAt(fs, path)).toBe('new')
  })

  it('does not wait for a file whose date lies ahead', async () => {
    const { root } = await aSandbox()
    const path = join(root, 'x.toml')
    await writeFile(path, 'a = 1')
    const fs = nodeFs({ now: () => Date.now() - 60_000, pause: () => Promise.reject(new Error('it waited')) })
    expect(await textAt(fs, path)).toBe('a = 1')
  })

  it('gives up when it never rests', async () => {
    const { root } = await aSandbox()
    const path = join(root, 'x.toml')
    await writeFile(path, 'x')
    const fs = nodeFs({ now: () => statSync(path).mtimeMs, pause: () => appendFile(path, 'x') })
    expect((await refusalOf(fs.readFile(path))).message).toBe(
      `${path}: the file keeps changing while it is read; try again when it is at rest`,
    )
  })

  it('never mixes two texts that a process puts in each other’s place', { timeout: 60_000 }, async () => {
    const { root } = await aSandbox()
    const path = join(root, 'x.toml')
    const texts = ['a', 'b'].map((letter) => `x = "${letter.repeat(3_000)}"\n`)
    await writeFile(path, texts[0] ?? '')
    const script = `
      const { writeFileSync } = require('node:fs')
      const texts = ['a', 'b'].map((letter) => 'x = "' + letter.repeat(3_000) + '"\\n')
      console.log('ready')
      // Now and then it rests, so that a reader can succeed.
      const rewrite = (round) => {
        writeFileSync(process.argv[1], texts[round % 2])
        if (round % 20 === 0) setTimeout(rewrite, 120, round + 1)
        else setImmediate(rewrite, round + 1)
      }
      rewrite(1)`
    const writer = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => {
      writer.kill('SIGKILL')
    })
    await once(writer.stdout, 'data')
    const results = new Set<string>()
    for (let read = 0; read < 40; read += 1) results.add(await wholeOrRefused(path, texts))
    expect([...results].filter((result) => result !== 'refused')).toEqual(['whole'])
  })
})

async function wholeOrRefused(path: string, texts: readonly string[]): Promise<string> {
  try {
    const read = await textAt(nodeFs(), path)
    return texts.includes(read ?? '') ? 'whole' : `torn, ${String(read?.length)} characters`
  } catch (error) {
    if (error instanceof LayersError && error.reason.startsWith('the file keeps changing')) return 'refused'
    throw error
  }
}

async function listenAt(path: string): Promise<void> {
  const server = createServer()
  server.listen(path)
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
}

describe('looking at what is there', () => {
  it('tells files, folders and others apart, through links', async () => {
    const { root } = await aSandbox()
    await writeFile(join(root, 'file'), '')
    await symlink('file', join(root, 'link'))
    const kinds = ['file', 'link', '.', 'none', 'file/below'].map((name) => nodeFs().kind(join(root, name)))
    expect([...(await Promise.all(kinds)), await nodeFs().kind('/dev/null')]).toEqual([
      'file',
      'file',
      'folder',
      null,
      null,
      'other',
    ])
  })

  it('gives a path without links, and one that leads nowhere as it is', async () => {
    const { root } = await aSandbox()
    await writeFile(join(root, 'file'), '')
    await symlink('file', join(root, 'link'))
    expect([await nodeFs().realPath(join(root, 'link')), await nodeFs().realPath('/no/where')]).toEqual([
      await nodeFs().realPath(join(root, 'file')),
      '/no/where',
    ])
  })
})
