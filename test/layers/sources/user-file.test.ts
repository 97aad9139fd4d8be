import { spawnSync } from 'node:child_process'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { claudeProfile } from '#layers/runtimes/claude.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import { nodeFs } from '#layers/sources/files.ts'
import { type UserConfigWrite, type UserConfigWritten, writeUserConfig } from '#layers/sources/user-file.ts'
import { stackOfTexts } from '#layers/stack-of-texts.ts'
import { unprivileged } from '#test/support/unprivileged.ts'

import { refusalOf } from './refusal.ts'
import { aSandbox, type Sandbox } from './sandbox.ts'

const SET_Y = [{ keyPath: 'y', value: 2n, mergeStrategy: 'replace' }] as const

async function write(sandbox: Sandbox, more: Partial<UserConfigWrite> = {}): Promise<UserConfigWritten> {
  const { userFile } = sandbox
  return await writeUserConfig({ fs: nodeFs(), userFile, load: () => sandbox.load(), edits: SET_Y, ...more })
}

function emptyStack(userFile: string): UserConfigWrite['load'] {
  const texts = { profile: codexProfile(), userFile, userText: '', managed: [] }
  return () => Promise.resolve(stackOfTexts(texts))
}

async function textOf({ userFile }: Sandbox): Promise<string> {
  return await readFile(userFile, 'utf8')
}

describe('a write of the user file', () => {
  it('can mend a setting of a wrong kind, and nothing else while it is there', async () => {
    const sandbox = await aSandbox({ user: 'model = 5\n' })
    const load = (): ReturnType<Sandbox['load']> => sandbox.load({ forEditing: true })
    expect(await refusalOf(write(sandbox, { load }))).toMatchObject({ code: 'configValidationError' })
    await write(sandbox, { load, edits: [{ keyPath: 'model', value: 'm', mergeStrategy: 'replace' }] })
    expect(await textOf(sandbox)).toBe('model = "m"\n')
  })

  it('keeps what it is not about, and answers with the version that the next read reports', async () => {
    const sandbox = await aSandbox({ user: '# mine\nx = 1 # one\n\n[t]\nz = 1\n', managed: 'y = 3' })
    const before = (await sandbox.load()).userLayer()?.version ?? ''
    const written = await write(sandbox, { expectedVersion: before, filePath: sandbox.userFile })
    expect(await textOf(sandbox)).toBe('# mine\nx = 1 # one\ny = 2\n\n[t]\nz = 1\n')
    const after = (await sandbox.load()).userLayer()?.version
    expect([written.status, written.changed, written.version, written.nextVersion, written.filePath]).toEqual(
      ['okOverridden', true, after, after, sandbox.userFile],
    )
  })

  it('makes a private file, and its folder too', async () => {
    const sandbox = await aSandbox()
    const userFile = join(sandbox.root, 'new/home/config.toml')
    const load = (): ReturnType<Sandbox['load']> => sandbox.load({ codexHome: dirname(userFile) })
    await write(sandbox, { userFile, load })
    const modes = [userFile, dirname(userFile)].map(async (path) => (await stat(path)).mode & 0o777)
    expect([await readFile(userFile, 'utf8'), ...(await Promise.all(modes))]).toEqual([
      'y = 2\n',
      0o600,
      0o700,
    ])
  })

  it('makes a file private that was not', async () => {
    const sandbox = await aSandbox({ user: 'x = 1\n' })
    await chmod(sandbox.userFile, 0o644)
    const { ino } = await stat(sandbox.userFile)
    await write(sandbox)
    const after = await stat(sandbox.userFile)
    expect([after.mode & 0o777, after.ino === ino]).toEqual([0o600, false])
  })

  it('leaves a file to its owner, and gives a new one to the owner of its folder', async () => {
    const sandbox = await aSandbox({ user: 'x = 1\n' })
    const home = dirname(sandbox.userFile)
    // Only an administrator can edit what is not theirs; for everybody else owner and editor are one.
    const [folder, file] =
      process.getuid?.() === 0 ? [54_321, 12_345] : [(await stat(home)).uid, (await stat(home)).uid]
    await chown(home, folder, -1)
    await chown(sandbox.userFile, file, -1)
    await write(sandbox)
    await write(sandbox, { userFile: join(home, 'new.toml'), load: emptyStack(join(home, 'new.toml')) })
    const paths = [sandbox.userFile, join(home, 'new.toml'), join(home, '.config.toml.lock')]
    const owners = await Promise.all(paths.map(async (path) => (await stat(path)).uid))
    expect(owners).toEqual([file, folder, folder])
  })

  it('writes nothing when it changes nothing, not even the mode', async () => {
    const sandbox = await aSandbox({ user: 'y   =  2' })
    await chmod(sandbox.userFile, 0o644)
    const before = await stat(sandbox.userFile)
    expect((await write(sandbox)).changed).toBe(false)
    const after = await stat(sandbox.userFile)
    expect([after.ino, after.mtimeMs, after.mode, await textOf(sandbox)]).toEqual([
      before.ino,
      before.mtimeMs,
      before.mode,
      'y   =  2',
    ])
  })

  it('does not make a file for a deletion', async () => {
    const sandbox = await aSandbox()
    await write(sandbox, { edits: [{ keyPath: 'y', value: null, mergeStrategy: 'replace' }] })
    expect(await nodeFs().kind(sandbox.userFile)).toBeNull()
  })

  it('goes through links and keeps them, also one that leads to nothing yet', async () => {
    const sandbox = await aSandbox({ user: 'x = 1\n' })
    const home = dirname(sandbox.userFile)
    await mkdir(join(home, 'dotfiles'))
    await rm(sandbox.userFile)
    await symlink('dotfiles', join(home, 'linked'))
    // `..` goes up from where the second link really is.
    await symlink('linked/first', sandbox.userFile)
    await symlink('../dotfiles/real.toml', join(home, 'dotfiles/first'))
    await write(sandbox)
    await write(sandbox, { edits: [{ keyPath: 'z', value: 'é', mergeStrategy: 'replace' }] })
    expect([
      await readlink(sandbox.userFile),
      await readlink(join(home, 'dotfiles/first')),
      (await lstat(join(home, 'dotfiles/real.toml'))).isFile(),
      await readFile(join(home, 'dotfiles/real.toml'), 'utf8'),
    ]).toEqual(['linked/first', '../dotfiles/real.toml', true, 'y = 2\nz = "é"\n'])
  })

  it('removes what a killed writer left, and nothing that only looks like it', async () => {
    const sandbox = await aSandbox({ user: 'x = 1\n' })
    const home = dirname(sandbox.userFile)
    const names = [
      '.config.toml.0123456789abcdef.tmp',
      '.config.toml.notes.tmp',
      'config.toml.0123456789abcdef.tmp',
    ]
    for (const name of names) await writeFile(join(home, name), '')
    await write(sandbox)
    expect(await readdir(home)).toEqual([
      '.config.toml.lock',
      '.config.toml.notes.tmp',
      'config.toml',
      'config.toml.0123456789abcdef.tmp',
    ])
  })

  it('is planned anew when a program that knows no lock comes between', async () => {
    const sandbox = await aSandbox({ user: 'x = 1\n' })
    let loads = 0
    const load = async (): ReturnType<Sandbox['load']> => {
      loads += 1
      if (loads === 1) await writeFile(sandbox.userFile, 'x = 5\n')
      return await sandbox.load()
    }
    await write(sandbox, { load })
    expect([loads, await textOf(sandbox)]).toEqual([2, 'x = 5\ny = 2\n'])
  })

  it('gives up on a file that another program changes each time', async () => {
    const sandbox = await aSandbox({ user: 'x = 1\n' })
    let value = 1
    const load = async (): ReturnType<Sandbox['load']> => {
      value += 1
      await writeFile(sandbox.userFile, `x = ${String(value)}\n`)
      return await sandbox.load()
    }
    expect((await refusalOf(write(sandbox, { load }))).message).toBe(
      `${sandbox.userFile}: another program keeps changing it; try again when it is at rest`,
    )
    expect(await readdir(dirname(sandbox.userFile))).toEqual(['.config.toml.lock', 'config.toml'])
  })

  it('waits for another of the same process', async () => {
    const sandbox = await aSandbox()
    const keys = Array.from({ length: 20 }, (_, index) => `k${String(index)}`)
    await Promise.all(
      keys.map((keyPath) => write(sandbox, { edits: [{ keyPath, value: true, mergeStrategy: 'replace' }] })),
    )
    const found = (await sandbox.load()).userLayer()?.config.keys() ?? []
    expect([...found].toSorted()).toEqual(keys.toSorted())
  })

  it('edits JSON where a runtime has that', async () => {
    const { root } = await aSandbox()
    const userFile = join(root, 'home/.claude/settings.json')
    await mkdir(dirname(userFile))
    await writeFile(userFile, '{\n    "model": "a"\n}\n')
    const load = async (): ReturnType<Sandbox['load']> =>
      stackOfTexts({
        profile: claudeProfile(),
        userFile,
        userText: await readFile(userFile, 'utf8'),
        managed: [],
      })
    await writeUserConfig({
      fs: nodeFs(),
      userFile,
      load,
      edits: [{ keyPath: 'verbose', value: true, mergeStrategy: 'replace' }],
    })
    expect(await readFile(userFile, 'utf8')).toBe('{\n    "model": "a",\n    "verbose": true\n}\n')
  })
})

describe('a write that is refused', () => {
  it.each<readonly [what: string, code: string, more: Partial<UserConfigWrite> & { readonly user?: string }]>(
    [
      ['another file is meant', 'configLayerReadonly', { filePath: '/etc/codex/config.toml' }],
      ['a relative file is meant', 'configLayerReadonly', { filePath: 'config.toml' }],
      ['no file is meant', 'configLayerReadonly', { filePath: '' }],
      [
        'another file is meant, whatever else is wrong',
        'configLayerReadonly',
        { filePath: '/x', user: '= 1' },
      ],
      ['it is based on an older version', 'configVersionConflict', { expectedVersion: 'sha256:0' }],
      [
        'the value is of the wrong kind',
        'configValidationError',
        { edits: [{ keyPath: 'model', value: 5n, mergeStrategy: 'replace' }] },
      ],
      [
        'one edit of several cannot be made',
        'configValidationError',
        { edits: [...SET_Y, { keyPath: 'x.a', value: 1n, mergeStrategy: 'replace' }] },
      ],
      ['the file cannot be read', 'configSyntaxError', { user: 'x = = 1' }],
    ],
  )('leaves the file as it is: %s', async (_what, code, more) => {
    const user = more.user ?? 'x = 1'
    const sandbox = await aSandbox({ user })
    expect((await refusalOf(write(sandbox, more))).code).toBe(code)
    expect(await textOf(sandbox)).toBe(user)
    const left = await readdir(dirname(sandbox.userFile))
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('names the source of a requirement', async () => {
    const sandbox = await aSandbox({ requirements: 'allowed_sandbox_modes = ["read-only"]' })
    const edits = [
      { keyPath: 'sandbox_mode', value: 'danger-full-access', mergeStrategy: 'replace' },
    ] as const
    const { code, message } = await refusalOf(write(sandbox, { edits }))
    expect(sandbox.recorded([code, message])).toEqual([
      'configValidationError',
      'sandbox_mode is danger-full-access, and /etc/codex/requirements.toml allows only read-only',
    ])
  })

  it('takes a longer way to the same file for the same', async () => {
    const sandbox = await aSandbox()
    const filePath = join(dirname(sandbox.userFile), '..') + '//home/./config.toml'
    expect((await write(sandbox, { filePath })).filePath).toBe(sandbox.userFile)
  })

  it('names links that lead in a circle, a folder that cannot be, and a lock that is none', async () => {
    const sandbox = await aSandbox()
    const home = dirname(sandbox.userFile)
    await symlink('config.toml', sandbox.userFile)
    await writeFile(join(home, '.other.toml.lock'), 'not a database, and long enough to be none'.repeat(100))
    const faults = await Promise.all(
      [sandbox.userFile, '/dev/null/x/config.toml', join(home, 'other.toml')].map(
        async (userFile) => await refusalOf(write(sandbox, { userFile })),
      ),
    )
    expect(faults.map(({ code, message }) => [code, message])).toEqual([
      ['configUnreadable', `${sandbox.userFile}: expected a file, got links that lead in a circle`],
      ['configUnreadable', '/dev/null/x/config.toml: it could not be written (ENOTDIR)'],
      [
        'configUnreadable',
        `${join(home, '.other.toml.lock')}: expected an empty file that serves as a lock, got something else`,
      ],
    ])
  })

  it('says that the file may not be written', async () => {
    const sandbox = await aSandbox({ user: 'x = 1\n' })
    const folder = dirname(sandbox.userFile)
    await chmod(folder, 0o555)
    const writer = new URL('writer-process.ts', import.meta.url).pathname
    const [program, ...args] = [...unprivileged(), process.execPath, writer, sandbox.userFile, 't', '1']
    const { stdout } = spawnSync(program, args, { encoding: 'utf8' })
    await chmod(folder, 0o755)
    expect([stdout, await textOf(sandbox)]).toEqual(['configLayerReadonly\n', 'x = 1\n'])
  })
})
