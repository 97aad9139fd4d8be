import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { describe, expect, it } from 'vitest'

import { openKeyring } from '#secrets/keyring.ts'
import { aKeyFolder, refusalOf, withoutPrivileges } from '#test/support/key-files.ts'
import { aKeyringFile } from '#test/support/keys.ts'

const OPEN = `
  import { openKeyring } from '#secrets/keyring.ts'
  process.stdin.once('data', async () => {
    const { current, deviceSeed } = await openKeyring(process.argv[1])
    const seed = deviceSeed.export().toString('hex')
    process.stdout.write(current.kid + ' ' + current.secret.export().toString('hex') + ' ' + seed, () => process.exit(0))
  })
  process.stderr.write('ready')
`

/** A process that has loaded everything and opens the keyring as soon as it is told to. */
async function anOpener(path: string): Promise<ChildProcessWithoutNullStreams> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', OPEN, path], { stdio: 'pipe' })
  await once(child.stderr, 'data')
  return child
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

describe('the keyring file', () => {
  it('is made at first start: readable by its owner only, in a folder of its owner only', async () => {
    const folder = join(aKeyFolder(), 'state', 'deeper')
    const path = join(folder, 'keyring.json')
    await openKeyring(path)
    expect([modeOf(path), modeOf(folder), modeOf(join(folder, '..'))]).toEqual(['600', '700', '700'])
    expect(readdirSync(folder)).toEqual(['keyring.json'])
  })

  it('is made with keys of its own each time', async () => {
    const folder = aKeyFolder()
    const all = await Promise.all(['a', 'b', 'c'].map((name) => openKeyring(join(folder, name))))
    const hex = all.flatMap(({ current, deviceSeed }) =>
      [current.secret, deviceSeed].map((key) => key.export().toString('hex')),
    )
    expect(new Set(hex).size).toBe(6)
  })

  it('is not changed by later starts', async () => {
    const path = join(aKeyFolder(), 'keyring.json')
    const first = await openKeyring(path)
    const before = { text: readFileSync(path, 'utf8'), modified: statSync(path).mtimeMs }
    const second = await openKeyring(path)
    expect({ text: readFileSync(path, 'utf8'), modified: statSync(path).mtimeMs }).toEqual(before)
    expect(second.current.secret.equals(first.current.secret)).toBe(true)
  })

  it('is the same one for processes that start for the first time at once', async () => {
    const folder = join(aKeyFolder(), 'new')
    const openers = await Promise.all(Array.from({ length: 4 }, () => anOpener(join(folder, 'keyring.json'))))
    for (const opener of openers) opener.stdin.write('go')
    const answers = await Promise.all(openers.map((opener) => text(opener.stdout)))
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toMatch(/^key-[0-9a-f]{12} [0-9a-f]{64} [0-9a-f]{64}$/)
    expect(readdirSync(folder)).toEqual(['keyring.json'])
  })

  it('is whole or absent when its first start is killed', async () => {
    for (let round = 0; round < 5; round += 1) {
      const path = join(aKeyFolder(), 'keyring.json')
      const opener = await anOpener(path)
      opener.stdin.write('go', () => opener.kill('SIGKILL'))
      await once(opener, 'exit')
      expect((await openKeyring(path)).keys.size).toBe(1)
      await openKeyring(path)
      expect(readdirSync(join(path, '..'))).toEqual(['keyring.json'])
    }
  })

  it('is freed of the second name that a killed first start left', async () => {
    const folder = aKeyFolder()
    const path = join(folder, 'keyring.json')
    await openKeyring(path)
    linkSync(path, join(folder, '.keyring.json.new-0123456789abcdef'))
    writeFileSync(join(folder, '.other.json.new-0123456789abcdef'), '')
    await openKeyring(path)
    expect(readdirSync(folder)).toEqual(['.other.json.new-0123456789abcdef', 'keyring.json'])
  })

  it('is only looked at when asked to: nothing made, nothing swept', async () => {
    const folder = aKeyFolder()
    const path = join(folder, 'keyring.json')
    expect((await refusalOf(openKeyring(path, { readOnly: true }))).message).toContain('it does not exist')
    expect(readdirSync(folder)).toEqual([])
    const { current } = await openKeyring(path)
    linkSync(path, join(folder, '.keyring.json.new-0123456789abcdef'))
    expect((await openKeyring(path, { readOnly: true })).current.kid).toBe(current.kid)
    expect(readdirSync(folder)).toEqual(['.keyring.json.new-0123456789abcdef', 'keyring.json'])
  })

  it('is reached through a link, as mounted Secrets are', async () => {
    const folder = aKeyFolder()
    const { current } = await openKeyring(join(folder, 'real.json'))
    symlinkSync('real.json', join(folder, 'link.json'))
    expect((await openKeyring(join(folder, 'link.json'))).current.kid).toBe(current.kid)
  })
})

describe('a keyring file that cannot be used', () => {
  it.each(['0644', '0640', '0604', '0620', '0602', '0601', '0666'])(
    '52: is refused when others may read or change it: mode %s',
    async (mode) => {
      const path = join(aKeyFolder(), 'keyring.json')
      writeFileSync(path, JSON.stringify(aKeyringFile()))
      chmodSync(path, Number.parseInt(mode, 8))
      const error = await refusalOf(openKeyring(path))
      expect(error).toMatchObject({ code: 'KEYRING_UNUSABLE' })
      expect(error.message).toBe(
        `the keyring ${path} cannot be used: others may read or change it (mode ${mode}); run: chmod 600 ${JSON.stringify(path)}`,
      )
    },
  )

  it('is refused when it cannot be read', async () => {
    const path = join(aKeyFolder(), 'keyring.json')
    writeFileSync(path, JSON.stringify(aKeyringFile()), { mode: 0o600 })
    chmodSync(path, 0o000)
    const error = await refusalOf(withoutPrivileges(() => openKeyring(path)))
    expect(error).toMatchObject({ code: 'KEYRING_UNUSABLE' })
    expect(error.message).toBe(
      `the keyring ${path} cannot be used: EACCES; let the user that runs this program read it`,
    )
  })

  it('is refused when it cannot be made', async () => {
    const folder = join(aKeyFolder(), 'closed')
    mkdirSync(folder)
    chmodSync(folder, 0o555)
    chmodSync(join(folder, '..'), 0o755)
    const path = join(folder, 'keyring.json')
    const error = await refusalOf(withoutPrivileges(() => openKeyring(path)))
    expect(error.message).toBe(
      `the keyring ${path} cannot be used: EACCES; let the user that runs this program write to its folder`,
    )
    expect(readdirSync(folder)).toEqual([])
  })

  it.each<[string, (path: string) => void, string]>([
    ['empty', (path) => writeFileSync(path, '', { mode: 0o600 }), 'expected JSON; restore it from a backup'],
    [
      'over 1 MiB',
      (path) => writeFileSync(path, ' '.repeat(1_048_577), { mode: 0o600 }),
      'it is over 1048576 bytes; restore it from a backup',
    ],
    ['a folder', (path) => mkdirSync(path), 'it is not a regular file; name the file itself'],
    ['a device', (path) => symlinkSync('/dev/zero', path), 'it is not a regular file; name the file itself'],
    [
      'a link in a circle',
      (path) => symlinkSync(path, path),
      'ELOOP; let the user that runs this program read it',
    ],
    [
      'a dangling link',
      (path) => symlinkSync('nowhere', path),
      'its name is taken by a dangling link; remove the link',
    ],
  ])('is refused when it is %s', async (_what, prepare, why) => {
    const path = join(aKeyFolder(), 'keyring.json')
    prepare(path)
    const error = await refusalOf(openKeyring(path))
    expect(error.code).toBe('KEYRING_UNUSABLE')
    expect(error.message).toBe(`the keyring ${path} cannot be used: ${why}`)
  })

  it('is refused when it is a pipe, without waiting for a writer', async () => {
    const path = join(aKeyFolder(), 'keyring.json')
    await once(spawn('/bin/sh', ['-c', 'mkfifo -m 600 "$0"', path]), 'exit')
    expect((await refusalOf(openKeyring(path))).message).toContain('it is not a regular file')
  })

  it('is refused when its folder is a file', async () => {
    const file = join(aKeyFolder(), 'file')
    writeFileSync(file, '')
    expect(await refusalOf(openKeyring(join(file, 'keyring.json')))).toMatchObject({
      code: 'KEYRING_UNUSABLE',
    })
  })

  it('is not made anew when it must be there already', async () => {
    const folder = aKeyFolder()
    const error = await refusalOf(openKeyring(join(folder, 'keyring.json'), { mustExist: true }))
    expect(error.code).toBe('KEYRING_UNUSABLE')
    expect(error.message).toMatch(/cannot be used: it does not exist; restore it from a backup$/)
    expect(readdirSync(folder)).toEqual([])
  })
})
