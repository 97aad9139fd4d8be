import { chmod, mkdir, readFile, stat, symlink } from 'node:fs/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Installation, startInstallation } from '#test/support/installation.ts'
import { openTerminal, refusal, type Terminal } from '#test/support/terminal.ts'

const MOMENT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const JWT = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/)
const UUID = expect.stringMatching(/^[0-9a-f-]{36}$/)
const DEVICE_TOKEN = expect.stringMatching(/^rcd_[\w-]+$/)

let installation: Installation
let terminal: Terminal
let create: string

beforeAll(async () => {
  installation = await startInstallation()
  terminal = await openTerminal({ RUNTIMECONFIG_SERVER: installation.address() })
  create = `token create --data ${installation.data}`
  await terminal.json(`${create} --user alice --save`)
})
afterAll(async () => {
  await installation.close()
  await terminal[Symbol.asyncDispose]()
})

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8)
}

describe("a user's token", () => {
  it('is printed alone, so that it can be kept', async () => {
    const { code, stdout, stderr } = await terminal.run(`${create} --user bob`)
    expect([code, stdout.trimEnd(), stderr]).toEqual([0, JWT, ''])
    await terminal.write('bob.token', stdout)
    expect(await terminal.json('devices --token-file bob.token')).toEqual({ items: [] })
  })

  it('is a document for programs', async () => {
    expect(await terminal.json(`${create} --user bob --expires 12h --scope user execution`)).toEqual({
      id: UUID,
      token: JWT,
      expires_at: MOMENT,
    })
  })

  it('is kept where the other commands look for it, for its owner only', async () => {
    await using other = await openTerminal()
    const file = other.path('.config/runtimeconfig/token')
    expect(await other.json(`${create} --user bob --save`)).toEqual({
      id: UUID,
      expires_at: MOMENT,
      saved_to: file,
    })
    expect([await modeOf(file), await modeOf(other.path('.config/runtimeconfig'))]).toEqual(['600', '700'])
    const { code, stdout } = await other.run(`${create} --user bob --save`)
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^saved to ${file}, good until \\S+Z\n$`)),
    ])
    expect((await other.run(`devices --server ${installation.address()}`)).code).toBe(0)
  })

  it('is closed to others even where the file was open, and leaves what a link leads to', async () => {
    await chmod(await terminal.write('open.token', 'old'), 0o644)
    await terminal.json(`${create} --user bob --save open.token`)
    expect(await modeOf(terminal.path('open.token'))).toBe('600')
    await terminal.write('elsewhere', 'kept')
    await symlink('elsewhere', terminal.path('link.token'))
    await terminal.json(`${create} --user bob --save link.token`)
    expect([await terminal.read('elsewhere'), await modeOf(terminal.path('link.token'))]).toEqual([
      'kept',
      '600',
    ])
  })

  it('cannot be kept where nothing can be written', async () => {
    await mkdir(terminal.path('folder.token'))
    const file = await terminal.write('a-file', '')
    for (const path of [terminal.path('folder.token'), `${file}/token`]) {
      expect(await terminal.run(`${create} --user bob --save ${path}`)).toEqual(
        refusal(78, `expected to be able to write the token to ${path}`),
      )
    }
  })

  it.concurrent.each([
    ['is a file', 'a-file-too', 'got a file'],
    ['is below a file', 'a-file-too/x', 'got ENOTDIR'],
  ])('is not made where the data folder %s', async (_what, name, got) => {
    await terminal.write('a-file-too', '')
    const data = terminal.path(name)
    expect(await terminal.run(`token create --user bob --data ${data}`)).toEqual(
      refusal(78, `data: expected a folder at ${data}, ${got}; name another with --data`),
    )
  })

  it('is not made with a key of its own beside a store that lost its key', async () => {
    await terminal.write('lost/runtimeconfig.db', '')
    const data = terminal.path('lost')
    expect(await terminal.run(`token create --user bob --data ${data}`)).toEqual(
      refusal(
        78,
        `the signing key ${data}/signing-key.pem cannot be used: it does not exist; restore it from a backup`,
      ),
    )
  })

  it('that another server signed is refused', async () => {
    const { stdout } = await terminal.run(`token create --user bob --data ${terminal.path('other-data')}`)
    await terminal.write('other.token', stdout)
    const { code, stderr } = await terminal.run('devices --token-file other.token')
    expect([code, stderr]).toEqual([77, expect.stringMatching(/^error: .+\n$/)])
  })

  it('that has expired is refused, and so is one that does not allow it', async () => {
    await terminal.json(`${create} --user bob --expires 1s --save brief.token`)
    await terminal.json(`${create} --user bob --scope execution --save execution.token`)
    const expired = terminal.shell('sleep 1.1; runtimeconfig devices --token-file brief.token')
    expect(await expired).toEqual({ ...refusal(77, ''), stderr: expect.stringMatching(/expired/) })
    expect(await terminal.run('devices --token-file execution.token')).toEqual(
      refusal(77, 'expected a token with the scope user, got one with execution; use or make another token'),
    )
  })
})

describe('a device token', () => {
  it('is printed alone, or is a document for programs', async () => {
    const { code, stdout, stderr } = await terminal.run('token create --device laptop')
    expect([code, stdout.trimEnd(), stderr]).toEqual([0, DEVICE_TOKEN, ''])
    expect(await terminal.json('token create --device laptop --name mine --expires 52w')).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{20}$/),
      name: 'mine',
      device_id: 'laptop',
      created_at: MOMENT,
      expires_at: MOMENT,
      revoked_at: null,
      token: DEVICE_TOKEN,
    })
  })

  it('is kept in the file that is named, and the token of the user stays', async () => {
    const mine = await terminal.read('.config/runtimeconfig/token')
    const { stdout } = await terminal.run('token create --device desk --save desk.token')
    expect(stdout).toBe(`saved to ${terminal.path('desk.token')}\n`)
    expect([await terminal.read('desk.token'), await modeOf(terminal.path('desk.token'))]).toEqual([
      expect.stringMatching(/^rcd_[\w-]+\n$/),
      '600',
    ])
    expect(await terminal.read('.config/runtimeconfig/token')).toBe(mine)
  })

  it('is listed without itself, and revoked for good', async () => {
    await using other = await openTerminal({ RUNTIMECONFIG_SERVER: installation.address() })
    await other.json(`${create} --user carol --save`)
    const made = (await other.json('token create --device phone')) as Readonly<Record<string, string>>
    const { token, ...listed } = made
    expect(await other.json('token list')).toEqual({ items: [listed] })
    expect((await other.run('token list')).stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['ID', 'NAME', 'DEVICE', 'MADE', 'EXPIRES', 'REVOKED'],
      [made['id'], 'phone', 'phone', made['created_at'], 'never', ''],
      [''],
    ])
    await other.write('phone.token', token ?? '')
    expect((await other.run(`token revoke ${made['id']}`)).stdout).toBe(
      `revoked ${made['id']}; a device that uses it is disconnected within a minute\n`,
    )
    expect((await other.run('devices --token-file phone.token')).code).toBe(77)
    expect(await other.json('token list')).toMatchObject({ items: [{ id: made['id'], revoked_at: MOMENT }] })
    expect(await other.run('token revoke nope')).toEqual(refusal(1, 'this device token does not exist'))
    const again = (await other.json('token create --device phone')) as { readonly id: string }
    expect(await other.json(`token revoke ${again.id}`)).toMatchObject({ id: again.id, revoked_at: MOMENT })
  })

  it('needs a server', async () => {
    expect((await terminal.run('token create --device x --server http://127.0.0.1:1')).code).toBe(69)
    expect((await terminal.run(`token create --device ${'😀'.repeat(101)}`)).code).toBe(64)
  })
})

it('never shows a token but the one it makes', async () => {
  const mine = (await readFile(terminal.path('.config/runtimeconfig/token'), 'utf8')).trim()
  const lines = ['token list', 'devices', 'config', 'doctor', 'explain a b', 'token revoke x']
  const said = await Promise.all(lines.map((line) => terminal.run(`${line} --output json`)))
  expect(said.filter(({ stdout, stderr }) => (stdout + stderr).includes(mine))).toEqual([])
})
