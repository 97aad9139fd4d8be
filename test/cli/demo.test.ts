import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { eventually } from '#test/support/installation.ts'
import { openTerminal, refusal, type Terminal } from '#test/support/terminal.ts'

let terminal: Terminal
beforeAll(async () => {
  // Settings of the person who looks at the demo must not reach into it.
  terminal = await openTerminal({ RUNTIMECONFIG_LISTEN: '127.0.0.1:1', CODEX_HOME: '/nowhere' })
})
afterAll(() => terminal[Symbol.asyncDispose]())

/** A folder for the demo's temporary files, to look into. */
async function aPlace(name: string): Promise<{ path: string; environment: Record<string, string> }> {
  const path = terminal.path(name)
  await mkdir(path)
  return { path, environment: { TMPDIR: path } }
}

/** The demo's folder, as soon as there is one. */
function rootIn(path: string): Promise<string> {
  return eventually('the folder of the demo', async () => {
    const [name] = await readdir(path)
    return name === undefined ? null : join(path, name)
  })
}

/** Command lines of running processes that name a path. */
async function processesIn(path: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.includes(path))
}

describe('demo', () => {
  it('plays the whole story, and its document is complete', async () => {
    const { path, environment } = await aPlace('whole')
    const document = (await terminal.json('demo', { environment })) as {
      readonly explained: readonly object[]
    }
    const seconds = expect.any(Number)
    const removed = { state: 'NotManaged', reason: 'Removed', removed: true, seconds }
    expect(document).toEqual({
      passed: true,
      seconds,
      devices: [
        { device: 'desk', story: 'had none, got it', ...removed },
        {
          device: 'laptop',
          story: 'has its own, never touched',
          state: 'NotManaged',
          reason: expect.any(String),
          seconds: null,
          removed: false,
        },
        { device: 'train', story: 'was offline, got it on return', ...removed },
        { device: 'studio', story: 'lost it, got it again', ...removed },
      ],
      explained: expect.arrayContaining([{ name: 'NeedsFile', passed: false, message: expect.any(String) }]),
      proxy: 'http://***:***@127.0.0.1:3128',
    })
    expect(document.explained).toHaveLength(12)
    expect([await readdir(path), await processesIn(path)]).toEqual([[], []])
  })

  it.each([
    ['SIGINT', 'server'],
    ['SIGTERM', 'desk'],
    ['SIGHUP', join('laptop', 'home', '.codex', 'auth.json')],
  ] as const)(
    'that is interrupted by %s (at %s) stops its processes and removes its folder',
    async (signal, moment) => {
      const { path, environment } = await aPlace(signal)
      const { child, ended } = terminal.start('demo', { environment })
      const root = await rootIn(path)
      await eventually(moment, async () => existsSync(join(root, moment)))
      child.kill(signal)
      const { code, stderr } = await ended
      expect([code, stderr]).toEqual([1, 'error: interrupted; everything was cleaned up\n'])
      expect([await readdir(path), await processesIn(path)]).toEqual([[], []])
    },
  )

  it('exits with 1 and says what came out differently', async () => {
    const { path, environment } = await aPlace('different')
    const { ended } = terminal.start('demo --output json', { environment })
    // The login that is never to be touched is changed by somebody after all, once it was looked at.
    const root = await rootIn(path)
    const stored = join(root, 'desk', 'home', '.codex', 'auth.json')
    await eventually('the file on desk', async () => existsSync(stored))
    await writeFile(join(root, 'laptop', 'home', '.codex', 'auth.json'), '{"OPENAI_API_KEY":"changed"}\n')
    const { code, stdout, stderr } = await ended
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^error: expected the login on laptop to be .+, got .+changed.+\n$/)
    expect([await readdir(path), await processesIn(path)]).toEqual([[], []])
  })

  it('exits with 78 when there is no place for temporary files', async () => {
    const place = terminal.path('nowhere')
    expect(await terminal.run('demo --output json', { environment: { TMPDIR: place } })).toEqual(
      refusal(
        78,
        `expected to be able to make a folder in ${place}; name another place for temporary files with TMPDIR`,
      ),
    )
  })

  it('stays with --keep until it is interrupted, and cleans up then', async () => {
    const { path, environment } = await aPlace('kept')
    const { child, ended } = terminal.start('demo --keep', { environment })
    const said: string[] = []
    child.stderr?.on('data', (chunk: Buffer) => void said.push(chunk.toString()))
    const [, address] = await eventually('the demo to stay', async () =>
      /Left running at (\S+), files in /.exec(said.join('')),
    )
    expect((await fetch(`${address}/readyz`)).status).toBe(200)
    child.kill('SIGINT')
    const { code, stdout } = await ended
    expect([code, stdout]).toEqual([0, expect.stringContaining('Everything as expected in ')])
    expect(stdout).toMatch(/\nDEVICE +STORY +STATE +REASON +SECONDS +AT THE END\n/)
    expect(stdout).toMatch(/\nNext:\n {2}npx runtimeconfig serve +a server that stays/)
    expect([await readdir(path), await processesIn(path)]).toEqual([[], []])
  })
})
