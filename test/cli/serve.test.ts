import { once } from 'node:events'
import { chmod, mkdir, open, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { carryOut } from '#test/support/carry-out.ts'
import { Executor } from '#test/support/executor.ts'
import {
  eventually,
  type Installation,
  type RunningCommand,
  runCommand,
  startInstallation,
} from '#test/support/installation.ts'
import { aKeyringFile } from '#test/support/keys.ts'
import { listen } from '#test/support/proxies.ts'
import { openTerminal, refusal, type Terminal } from '#test/support/terminal.ts'

let installation: Installation
let terminal: Terminal

beforeAll(async () => {
  installation = await startInstallation()
  terminal = await openTerminal({ RUNTIMECONFIG_SERVER: installation.address() })
})
afterAll(async () => {
  await installation.close()
  await terminal[Symbol.asyncDispose]()
})

/** Starts a server of its own that ends with the test. */
async function aServer(data: string, ...flags: readonly string[]): Promise<RunningCommand> {
  const server = await runCommand(['serve', '--data', data, '--listen', '127.0.0.1:0', ...flags])
  onTestFinished(() => server.kill('SIGKILL'))
  return server
}

describe('the first lines', () => {
  it('are three commands that work as they stand, and a fourth for the device', async () => {
    await terminal.write('.codex/auth.json', '{"OPENAI_API_KEY":"k"}')
    const server = await aServer(terminal.path("ann's data"))
    await eventually('the greeting', async () => server.said().includes('--device-id laptop'))
    const lines = server
      .said()
      .split('\n')
      .map((line) => line.replace(/^ +\d? +(?=npx runtimeconfig )/, ''))
      .filter((line) => line.startsWith('npx runtimeconfig '))
    expect(lines).toHaveLength(4)
    const [login, upload, token, agent = ''] = lines
    expect(await terminal.shell([login, upload, token].join(' &&\n'))).toMatchObject({ code: 0, stderr: '' })
    const device = terminal.start(agent.replace('npx runtimeconfig ', ''))
    onTestFinished(() => void device.child.kill('SIGKILL'))
    const address = server.firstLine
      .split(' ')
      .find((word) => word.startsWith('http'))
      ?.replace(';', '')
    await eventually('the device', async () => {
      const { items } = (await terminal.json(`devices --server ${address}`)) as {
        readonly items: readonly { readonly device_id: string; readonly online: boolean }[]
      }
      return items.some(({ device_id, online }) => device_id === 'laptop' && online)
    })
    device.child.kill('SIGTERM')
    expect((await device.ended).stdout).toContain('device laptop looks after')
  })

  it('are one event for programs', () => {
    expect(JSON.parse(installation.server().firstLine)).toEqual({
      address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      data: installation.data,
    })
  })

  it('may have no reader, and the server goes on', async () => {
    const taken = await listen(createServer())
    const { port } = taken
    await taken[Symbol.asyncDispose]()
    const line = `serve --data ${terminal.path('unread')} --listen 127.0.0.1:${port} --log-format json`
    const { child, ended } = terminal.start(line)
    onTestFinished(() => void child.kill('SIGKILL'))
    child.stdout?.destroy()
    await eventually('the server to answer', () =>
      fetch(`http://127.0.0.1:${port}/livez`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    child.kill('SIGTERM')
    const { code, stdout, stderr } = await ended
    expect([code, stdout, stderr]).toEqual([0, '', expect.not.stringContaining('EPIPE')])
  })
})

describe('the log', () => {
  it.each(['json', 'pretty'])(
    'may be on a full disk (%s), and the server goes on and ends',
    async (format) => {
      const full = await open('/dev/full', 'w')
      const line = `serve --data ${terminal.path(`full-${format}`)} --listen 127.0.0.1:0 --log-level trace`
      const { child, ended } = terminal.start(`${line} --log-format ${format} --output json`, {
        stderrFd: full.fd,
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      const [event] = child.stdout === null ? [] : ((await once(child.stdout, 'data')) as [Buffer])
      const { address } = JSON.parse(String(event)) as { readonly address: string }
      expect((await fetch(`${address}/users/me/devices`)).status).toBe(401)
      expect((await fetch(`${address}/readyz`)).status).toBe(200)
      child.kill('SIGTERM')
      expect((await ended).code).toBe(0)
      await full.close()
    },
  )
})

describe('a server that cannot start', () => {
  const anywhere = '--listen 127.0.0.1:0'

  it('says that the store is in use, and exits with 69', async () => {
    expect(await terminal.run(`serve --data ${installation.data} ${anywhere}`)).toEqual(
      refusal(
        69,
        `${installation.data}/runtimeconfig.db is in use by another process; stop that one first or choose another data folder`,
      ),
    )
  })

  it('says that the port is in use, exits with 78 and leaves the store free', async () => {
    await using taken = await listen(createServer())
    const data = terminal.path('port-data')
    for (const _again of [1, 2]) {
      expect(await terminal.run(`serve --data ${data} --listen 127.0.0.1:${taken.port}`)).toEqual(
        refusal(
          78,
          `expected 127.0.0.1:${taken.port} to be a free address of this machine; name another with --listen`,
        ),
      )
    }
  })

  it('says that the data folder is a file', async () => {
    const file = await terminal.write('a-file', '')
    expect(await terminal.run(`serve --data ${file} ${anywhere}`)).toEqual(
      refusal(78, `data: expected a folder at ${file}, got a file; name another with --data`),
    )
  })

  it('says that it may not write to the data folder', async () => {
    const data = terminal.path('closed')
    await mkdir(data)
    await chmod(data, 0o555)
    expect(await terminal.run(`serve --data ${data} ${anywhere}`, { isUnprivileged: true })).toEqual(
      refusal(
        78,
        `the keyring ${data}/keyring.json cannot be used: EACCES; let the user that runs this program write to its folder`,
      ),
    )
  })

  it.each([
    ['none', null, 'it does not exist; restore it from a backup'],
    ['garbage', 'garbage', 'expected JSON; restore it from a backup'],
    ['an empty file', '', 'expected JSON; restore it from a backup'],
    ['a short key', keyringWith('c2hvcnQ'), 'keys.0.key: expected 32 bytes of key; restore it from a backup'],
    [
      'a key of zeros',
      keyringWith('A'.repeat(43)),
      'keys.0.key: expected random bytes, got a pattern; restore it from a backup',
    ],
  ])(
    '52: fails fast when the key beside its store is %s, not at the first upload',
    async (what, text, why) => {
      const data = terminal.path(`keyring ${what}`)
      await terminal.write(`keyring ${what}/runtimeconfig.db`, '')
      if (text !== null) await terminal.write(`keyring ${what}/keyring.json`, text)
      const { code, stdout, stderr } = await terminal.shell(
        `runtimeconfig serve --data '${data}' ${anywhere}`,
      )
      expect([code, stdout, stderr]).toEqual([
        78,
        '',
        `error: the keyring ${data}/keyring.json cannot be used: ${why}\n`,
      ])
      expect((await stat(join(data, 'runtimeconfig.db'))).size).toBe(0)
    },
  )

  it('52: fails fast when others may read the key', async () => {
    const file = await terminal.write('open-key/keyring.json', JSON.stringify(aKeyringFile()))
    await chmod(file, 0o644)
    expect(await terminal.run(`serve --data ${terminal.path('open-key')} ${anywhere}`)).toEqual(
      refusal(
        78,
        `the keyring ${file} cannot be used: others may read or change it (mode 0644); run: chmod 600 "${file}"`,
      ),
    )
  })

  it('says that the store is damaged, and leaves it as it is', async () => {
    const text = 'no database'.repeat(500)
    const data = terminal.path('damaged')
    const made = await aServer(data)
    await made.kill('SIGTERM')
    await terminal.write('damaged/runtimeconfig.db', text)
    const { code, stderr } = await terminal.run(`serve --data ${data} ${anywhere}`)
    expect([code, stderr]).toEqual([
      1,
      `error: ${data}/runtimeconfig.db is not a readable database and was not changed; restore the last backup\n`,
    ])
    expect(await terminal.read('damaged/runtimeconfig.db')).toBe(text)
  })

  it.each([
    ['is not there', null, 'FILE, which cannot be read'],
    ['has one line', 'only a key\n', 'two lines in FILE, the key and the IV'],
    ['has three', 'a\nb\nc\n', 'two lines in FILE, the key and the IV'],
  ])('says that the file of the legacy key %s', async (what, text, why) => {
    const file = terminal.path(`legacy-${what.length}`)
    if (text !== null) await terminal.write(`legacy-${what.length}`, text)
    const { code, stderr } = await terminal.run(
      `serve --data ${terminal.path('legacy-data')} --legacy-key ${file} ${anywhere}`,
    )
    const expected = text === null ? 'a file at ' : ''
    expect([code, stderr]).toEqual([
      78,
      `error: legacy-key: expected ${expected}${why.replace('FILE', file)}\n`,
    ])
  })
})

describe('SIGTERM', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends an idle server with 0', async (signal) => {
    const server = await aServer(terminal.path(`idle-${signal}`), '--log-format', 'json')
    await server.kill(signal)
    expect([server.child.exitCode, server.child.signalCode]).toEqual([0, null])
    expect(server.said()).toContain('"msg":"stopped"')
  })

  it('lets the command in hand finish, and its request be answered', async () => {
    const own = await startInstallation()
    onTestFinished(() => own.close())
    await using person = await openTerminal({ RUNTIMECONFIG_SERVER: own.address() })
    await person.write('.config/runtimeconfig/token', await own.token('alice'))
    const device = await Executor.connect({
      address: own.address(),
      token: await own.token('alice'),
      id: 'slow',
      home: person.home,
    })
    await person.write('.codex/auth.json', '{"OPENAI_API_KEY":"from-device"}')
    const mayAnswer = Promise.withResolvers<void>()
    device.respond = async (command) => {
      await mayAnswer.promise
      return carryOut(command, person.home)
    }
    await device.beat()
    const imported = person.start('runtimes import codex slow --output json').ended
    await device.untilReceived(1)
    own.server().child.kill('SIGTERM')
    await eventually('the server to be stopping', async () => own.server().said().includes('stopping'))
    mayAnswer.resolve()
    expect(await imported).toMatchObject({ code: 0, stderr: '' })
    await own.server().kill('SIGTERM')
    expect(own.server().child.exitCode).toBe(0)
  })
})

function keyringWith(key: string): string {
  return JSON.stringify(aKeyringFile({ keys: [{ kid: 'k1', key }] }))
}
