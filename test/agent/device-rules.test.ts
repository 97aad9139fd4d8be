import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { COMMAND_ENV, splitContent } from '#protocol/command-env.ts'
import {
  aCommandEnv,
  aFolder,
  type Answered,
  COMMAND_DEVICES,
  type CommandDevice,
} from '#test/support/command-devices.ts'

const OUTSIDE = 'target path must be inside the user home directory'
const LEAVES = 'target path must stay inside the user home directory'
const PATH = '~/.codex/auth.json'

describe.each(COMMAND_DEVICES)('%s', (_title, device) => {
  let root: ReturnType<typeof aFolder>
  let home: string
  let outside: string

  beforeEach(() => {
    root = aFolder()
    home = join(root.path, 'home')
    outside = join(root.path, 'outside')
    for (const folder of [home, outside]) mkdirSync(folder)
  })

  afterEach(() => root[Symbol.dispose]())

  const at = (...names: string[]) => join(home, ...names)
  const write = (overrides: Readonly<Record<string, string | null>> = {}, environment = {}) =>
    device({ home, key: 'sync_runtime_auth_file', env: aCommandEnv(overrides), environment })
  const read = (overrides: Readonly<Record<string, string | null>> = {}, environment = {}) =>
    device({
      home,
      key: 'read_runtime_auth_file',
      env: aCommandEnv({ [COMMAND_ENV.content]: null, ...overrides }),
      environment,
    })

  describe('writing', () => {
    it('writes the content and one newline, 0600 below folders of 0700, and leaves nothing else', async () => {
      const answer = await withUmask(0o777, write)

      expect(answer).toEqual(done('written'))
      expect(readFileSync(at('.codex/auth.json'), 'utf8')).toBe('{"token":"secret"}\n')
      expect(modeOf(at('.codex/auth.json'))).toBe(0o600)
      expect(modeOf(at('.codex'))).toBe(0o700)
      expect(readdirSync(at('.codex'))).toEqual(['auth.json'])
    })

    it('does not add a second newline', async () => {
      await write({ [COMMAND_ENV.content]: '{"a":1}\n' })

      expect(readFileSync(at('.codex/auth.json'), 'utf8')).toBe('{"a":1}\n')
    })

    it('makes every missing parent with mode 0700 and leaves existing ones as they are', async () => {
      mkdirSync(at('a'))
      chmodSync(at('a'), 0o755)

      expect(await write({ [COMMAND_ENV.targetPath]: '~/a/b/c/d.json' })).toEqual(
        done('written', '~/a/b/c/d.json'),
      )
      expect(['a', 'a/b', 'a/b/c'].map((name) => modeOf(at(name)))).toEqual([0o755, 0o700, 0o700])
    })

    it('71: leaves an existing file alone, bytes and time', async () => {
      mkdirSync(at('.codex'))
      writeFileSync(at('.codex/auth.json'), '{"token":"existing"}\n')
      utimesSync(at('.codex/auth.json'), 1000, 1000)

      expect(await write()).toEqual(done('skipped_existing'))
      expect(readFileSync(at('.codex/auth.json'), 'utf8')).toBe('{"token":"existing"}\n')
      expect(statSync(at('.codex/auth.json')).mtimeMs).toBe(1_000_000)
    })

    it('74: does not follow a dangling link at the target', async () => {
      mkdirSync(at('.codex'))
      symlinkSync(join(outside, 'auth.json'), at('.codex/auth.json'))

      expect(await write()).toEqual(done('skipped_existing'))
      expect([readdirSync(outside), readlinkSync(at('.codex/auth.json'))]).toEqual([
        [],
        join(outside, 'auth.json'),
      ])
    })

    it.each([
      ['a folder', (path: string) => mkdirSync(path)],
      ['a named pipe', (path: string) => execFileSync('mkfifo', [path])],
      ['an empty file', (path: string) => writeFileSync(path, '')],
      ['a link to itself', (path: string) => symlinkSync(path, path)],
    ])('leaves %s at the target alone', async (_what, make) => {
      mkdirSync(at('.codex'))
      make(at('.codex/auth.json'))
      const before = lstatSync(at('.codex/auth.json'), { bigint: true })

      expect(await write()).toEqual(done('skipped_existing'))
      expect(lstatSync(at('.codex/auth.json'), { bigint: true })).toEqual(before)
    })

    it('removes what a killed writer left, and nothing that only looks like it', async () => {
      mkdirSync(at('.codex'))
      const kept = ['.runtimeconfig-0123.tmp', 'x.runtimeconfig-0123456789abcdef.tmp', 'auth.json.tmp']
      for (const name of [...kept, '.runtimeconfig-0123456789abcdef.tmp'])
        writeFileSync(at('.codex', name), '{')
      mkdirSync(at('.codex/.runtimeconfig-fedcba9876543210.tmp'))

      expect(await write()).toEqual(done('written'))
      expect(readdirSync(at('.codex')).toSorted()).toEqual(
        [...kept, '.runtimeconfig-fedcba9876543210.tmp', 'auth.json'].toSorted(),
      )
    })

    it.each([
      ['in the home directory itself', '~/.claude.json', '~/.claude.json'],
      ['with empty segments', '~//.codex///auth.json', PATH],
      ['with dots that mean here', '~/./.codex/./auth.json', PATH],
      ['with a name that is not ASCII', '~/.códex/auth😀.json', '~/.códex/auth😀.json'],
      ['with spaces and quotes', `~/a b/"c'.json`, `~/a b/"c'.json`],
    ])('writes %s', async (_what, targetPath, shown) => {
      expect(await write({ [COMMAND_ENV.targetPath]: targetPath })).toEqual(done('written', shown))
      expect(readFileSync(at(shown.slice(2)), 'utf8')).toBe('{"token":"secret"}\n')
    })

    it.each([131_041, 131_042, 524_288])('68: writes content of %d bytes', async (size) => {
      const content = `{"token":"${'é'.repeat((size - 12) >> 1)}${'x'.repeat(size % 2)}"}`
      expect(Buffer.byteLength(content)).toBe(size)

      const env = { ...aCommandEnv({ [COMMAND_ENV.content]: null }), ...splitContent(content) }
      expect(await device({ home, key: 'sync_runtime_auth_file', env })).toEqual(done('written'))
      expect(readFileSync(at('.codex/auth.json'), 'utf8')).toBe(`${content}\n`)
    })
  })

  describe('refusing a path', () => {
    it.each([
      ['72: an absolute path', '/etc/x.json', OUTSIDE],
      ['nothing at all', '', OUTSIDE],
      ['a relative path', '.codex/auth.json', OUTSIDE],
      ['the home directory itself', '~/', OUTSIDE],
      ['the home directory with dots', '~/./', OUTSIDE],
      ['the home of another user', '~root/.codex/auth.json', OUTSIDE],
      ['72: a path that climbs out', '~/../x.json', LEAVES],
      ['a path that climbs at the end', '~/.codex/..', LEAVES],
      ['a path that climbs and comes back', '~/.codex/../auth.json', LEAVES],
      ['a very long name', `~/${'x'.repeat(256)}`, 'target path is too long'],
      ['a very long path', `~/${'x/'.repeat(2500)}auth.json`, 'target path is too long'],
    ])('refuses %s and touches nothing', async (_what, targetPath, error) => {
      const before = readdirSync(root.path, { recursive: true })

      for (const ask of [write, read]) {
        expect(await ask({ [COMMAND_ENV.targetPath]: targetPath })).toMatchObject({
          exitCode: 64,
          line: { status: 'failed', runtime: 'codex', path: targetPath, error },
        })
      }
      expect(readdirSync(root.path, { recursive: true })).toEqual(before)
    })

    it.each([
      ['72: is a link to a folder outside', () => outside],
      ['72: is a link to a missing folder outside', () => join(outside, 'missing')],
      ['is a relative link outside', () => '../outside'],
      ['is a link to a neighbour whose name begins like the home', () => `${home}-2`],
    ])('refuses a path whose parent %s', async (_what, destination) => {
      mkdirSync(`${home}-2`)
      symlinkSync(destination(), at('.codex'))

      for (const ask of [write, read]) expect(await ask()).toEqual(failed(64, LEAVES))
      expect([readdirSync(outside), readdirSync(`${home}-2`)]).toEqual([[], []])
    })

    it('refuses a link chain that ends outside', async () => {
      symlinkSync(at('b'), at('.codex'))
      symlinkSync(at('c'), at('b'))
      symlinkSync(outside, at('c'))

      expect(await write()).toEqual(failed(64, LEAVES))
      expect(readdirSync(outside)).toEqual([])
    })

    it('follows a parent that is a link inside the home directory', async () => {
      mkdirSync(at('dotfiles'))
      symlinkSync('dotfiles', at('.codex'))

      expect(await write()).toEqual(done('written'))
      expect(readdirSync(at('dotfiles'))).toEqual(['auth.json'])
      expect(await read()).toMatchObject({ exitCode: 0, line: { content: '{"token":"secret"}\n' } })
    })

    it('makes nothing where a parent links to nowhere: mostly a volume that is not mounted', async () => {
      symlinkSync('volume/codex', at('.codex'))

      expect(await write()).toEqual(failed(74, 'a folder of the target path is a broken link'))
      expect(existsSync(at('volume'))).toBe(false)
    })

    it('fails when a parent is a file', async () => {
      writeFileSync(at('.codex'), 'x')

      expect(await write()).toEqual(failed(74, 'failed to write runtime auth file: not a directory'))
      expect(await read()).toEqual(failed(66, 'runtime auth file does not exist'))
      expect(readFileSync(at('.codex'), 'utf8')).toBe('x')
    })

    it('works in a home directory that is itself reached through a link', async () => {
      symlinkSync(home, join(root.path, 'link'))
      const env = aCommandEnv()

      const answer = await device({ home: join(root.path, 'link'), key: 'sync_runtime_auth_file', env })
      expect(answer).toEqual(done('written'))
    })
  })

  describe('refusing content', () => {
    it.each([
      ['73: missing', null, 'runtime config content is required'],
      ['empty', '', 'runtime config content is required'],
      ['73: blank', ' \n\t ', 'runtime config content is required'],
      ['73: not JSON', '{secret', expect.stringMatching(/^runtime config content is not valid JSON: /)],
      ['cut short', '{"a":"secret', expect.stringMatching(/^runtime config content is not valid JSON: /)],
      ['not a number', '{"a":NaN}', expect.stringMatching(/^runtime config content is not valid JSON: /)],
      [
        'two documents',
        '{"a":1}{"secret":2}',
        expect.stringMatching(/^runtime config content is not valid JSON: /),
      ],
      ['73: an array', '["secret"]', 'runtime config content must be a JSON object'],
      ['a string', '"secret"', 'runtime config content must be a JSON object'],
      ['null', 'null', 'runtime config content must be a JSON object'],
    ])('refuses content that is %s, without quoting it', async (_what, content, error) => {
      const answer = await write({ [COMMAND_ENV.content]: content })

      expect(answer).toEqual(failed(64, error))
      expect(JSON.stringify(answer)).not.toContain('secret')
      expect(readdirSync(home)).toEqual([])
    })

    it.each([
      ['0', 'runtime config content parts must be a number from 1 to 128'],
      ['129', 'runtime config content parts must be a number from 1 to 128'],
      ['-1', 'runtime config content parts must be a number from 1 to 128'],
      ['two', 'runtime config content parts must be a number from 1 to 128'],
      ['', 'runtime config content parts must be a number from 1 to 128'],
      ['2', 'runtime config content part 1 of 2 is missing'],
    ])('refuses %j as the number of parts when there is one', async (count, error) => {
      const parts = { [COMMAND_ENV.contentParts]: count, [`${COMMAND_ENV.content}_0`]: '{}' }

      expect(await write({ [COMMAND_ENV.content]: null, ...parts })).toEqual(failed(64, error))
    })

    it.each([null, '', ' '])('refuses a command without a runtime (%j)', async (runtime) => {
      expect(await write({ [COMMAND_ENV.runtime]: runtime })).toMatchObject({
        exitCode: 64,
        line: { status: 'failed', error: 'runtime is required' },
      })
    })
  })

  describe('reading', () => {
    it.each([
      ['with its newline', '{"token":"from-device"}\n'],
      ['without one', '{"a":1}'],
      ['with odd space and line ends', '\r\n {"a" : "é😀\\u0000" }\r\n\n'],
    ])('76: gives the text byte for byte, %s', async (_what, text) => {
      mkdirSync(at('.codex'))
      writeFileSync(at('.codex/auth.json'), text)

      expect(await read()).toEqual({
        exitCode: 0,
        line: { status: 'read', runtime: 'codex', path: PATH, content: text },
      })
    })

    it('gives a file of 524288 bytes', async () => {
      mkdirSync(at('.codex'))
      const text = `{"a":"${'x'.repeat(524_279)}"}\n`
      writeFileSync(at('.codex/auth.json'), text)

      expect(await read()).toMatchObject({ exitCode: 0, line: { content: text } })
    })

    it('76: says that a missing file does not exist', async () => {
      expect(await read()).toEqual(failed(66, 'runtime auth file does not exist'))
      mkdirSync(at('.codex'))
      expect(await read()).toEqual(failed(66, 'runtime auth file does not exist'))
      expect(readdirSync(at('.codex'))).toEqual([])
    })

    it.each([
      ['76: an array', '["secret"]', [64, 'runtime auth file must be a JSON object']],
      ['not JSON', '{"secret"', [64, expect.stringMatching(/^runtime auth file is not valid JSON: /)]],
      ['empty', '', [64, expect.stringMatching(/^runtime auth file is not valid JSON: /)]],
      [
        'not UTF-8',
        Buffer.from([0x7b, 0xff, 0x7d]),
        [64, 'runtime auth file is not valid JSON: not UTF-8 text'],
      ],
      [
        'too large',
        `{"a":"${'x'.repeat(1_048_576)}"}`,
        [74, 'failed to read runtime auth file: larger than 1048576 bytes'],
      ],
    ])('refuses a file that is %s, without quoting it', async (_what, text, [exitCode, error]) => {
      mkdirSync(at('.codex'))
      writeFileSync(at('.codex/auth.json'), text)

      const answer = await read()
      expect(answer).toEqual(failed(Number(exitCode), error))
      expect(JSON.stringify(answer)).not.toContain('secret')
    })

    it.each([
      ['a folder', (path: string) => mkdirSync(path)],
      ['a named pipe', (path: string) => execFileSync('mkfifo', [path])],
    ])('does not read %s', async (_what, make) => {
      mkdirSync(at('.codex'))
      make(at('.codex/auth.json'))

      expect(await read()).toEqual(failed(74, 'failed to read runtime auth file: not a regular file'))
    })

    it('follows a link at the target as long as it stays inside', async () => {
      mkdirSync(at('.codex'))
      writeFileSync(at('real.json'), '{"a":1}')
      symlinkSync('../real.json', at('.codex/auth.json'))
      expect(await read()).toMatchObject({ exitCode: 0, line: { content: '{"a":1}' } })

      writeFileSync(join(outside, 'real.json'), '{"secret":1}')
      rmSync(at('.codex/auth.json'))
      symlinkSync(join(outside, 'real.json'), at('.codex/auth.json'))
      expect(await read()).toEqual(failed(64, LEAVES))
    })

    it.each([
      ['nowhere inside', 'missing.json', [66, 'runtime auth file does not exist']],
      ['itself', 'auth.json', [66, 'runtime auth file does not exist']],
      ['nowhere outside', '../../outside/missing.json', [64, LEAVES]],
    ])('reads nothing through a link to %s', async (_what, destination, [exitCode, error]) => {
      mkdirSync(at('.codex'))
      symlinkSync(destination, at('.codex/auth.json'))

      expect(await read()).toEqual(failed(Number(exitCode), error))
    })
  })

  describe("the CLI's own variable", () => {
    const moved = { [COMMAND_ENV.homeVariable]: 'CODEX_HOME' }

    it('moves the file inside the home directory', async () => {
      const environment = { CODEX_HOME: at('work/codex') }

      expect(await write(moved, environment)).toEqual(done('written', '~/work/codex/auth.json'))
      expect(readdirSync(home)).toEqual(['work'])
      expect(await read(moved, environment)).toMatchObject({
        line: { path: '~/work/codex/auth.json', content: '{"token":"secret"}\n' },
      })
    })

    it.each([
      ['is not set', {}],
      ['is empty', { CODEX_HOME: '' }],
    ])('moves nothing when it %s', async (_what, environment) => {
      expect(await write(moved, environment)).toEqual(done('written'))
    })

    it('moves nothing when the server does not name it', async () => {
      expect(await write({}, { CODEX_HOME: at('work') })).toEqual(done('written'))
    })

    it('is refused outside the home directory', async () => {
      expect(await write(moved, { CODEX_HOME: outside })).toEqual(failed(64, LEAVES))
      expect(readdirSync(outside)).toEqual([])
    })

    it('is refused when it is relative, and its value is not told', async () => {
      const answer = await write(moved, { CODEX_HOME: 'secret/codex' })

      expect(answer).toEqual(failed(64, 'CODEX_HOME must be an absolute path'))
      expect(JSON.stringify(answer)).not.toContain('secret')
    })

    it('is refused when it is no name', async () => {
      const answer = await write({ [COMMAND_ENV.homeVariable]: 'CODEX-HOME' })

      expect(answer).toEqual(failed(64, 'home variable is not a name of an environment variable'))
    })
  })
})

it('has one embedded script: the file beside it', async () => {
  const { embedScript } = await import('#protocol/executor-script/embed.ts')
  const folder = new URL('../../protocol/executor-script/', import.meta.url)

  const script = embedScript(readFileSync(new URL('auth_file.py', folder), 'utf8'))
  expect(readFileSync(new URL('script.generated.ts', folder), 'utf8')).toBe(script)
  expect([/^\p{ASCII}*$/u.test(script), script.length < 100_000]).toEqual([true, true])
})

function done(status: string, path = PATH): Answered {
  return { exitCode: 0, line: { status, runtime: 'codex', path } }
}

function failed(exitCode: number, error: unknown) {
  return { exitCode, line: { status: 'failed', runtime: 'codex', path: expect.any(String), error } }
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o7777
}

// A process of its own has the test's umask too.
async function withUmask(mask: number, run: () => ReturnType<CommandDevice>): ReturnType<CommandDevice> {
  const before = process.umask(mask)
  try {
    return await run()
  } finally {
    process.umask(before)
  }
}
