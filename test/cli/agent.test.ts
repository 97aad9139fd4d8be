import { mkdir, readFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { hostname } from 'node:os'

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import {
  eventually,
  type Installation,
  type RunningCommand,
  runCommand,
  startInstallation,
} from '#test/support/installation.ts'
import { listen } from '#test/support/proxies.ts'
import { openTerminal, refusal, type Terminal } from '#test/support/terminal.ts'

let installation: Installation
let terminal: Terminal

beforeAll(async () => {
  installation = await startInstallation()
  terminal = await openTerminal({ RUNTIMECONFIG_SERVER: installation.address() })
  await terminal.write('.config/runtimeconfig/token', await installation.token('alice'))
})
afterAll(async () => {
  await installation.close()
  await terminal[Symbol.asyncDispose]()
})

/** Starts an agent in the terminal's home that ends with the test. */
async function anAgent(...flags: readonly string[]): Promise<RunningCommand> {
  const environment = { HOME: terminal.home, RUNTIMECONFIG_SERVER: installation.address() }
  const agent = await runCommand(['agent', '--log-format', 'json', ...flags], environment)
  onTestFinished(() => agent.kill('SIGKILL'))
  return agent
}

async function isOnline(device: string): Promise<boolean> {
  const { items } = (await terminal.json('devices')) as {
    readonly items: readonly { readonly device_id: string; readonly online: boolean }[]
  }
  return items.some(({ device_id, online }) => device_id === device && online)
}

describe('the first line of an agent', () => {
  it('says who it is, what it looks after and for whom', async () => {
    const agent = await anAgent('--device-id', 'desk', '--state', terminal.path('state-1'))
    expect(agent.firstLine).toMatch(
      new RegExp(
        `^runtimeconfig agent \\S+: device desk looks after ${terminal.home} for ${installation.address()}$`,
      ),
    )
  })

  it('is an event for programs', async () => {
    const agent = await anAgent(
      '--device-id',
      'desk',
      '--state',
      terminal.path('state-1'),
      '--output',
      'json',
    )
    expect(JSON.parse(agent.firstLine)).toEqual({
      device_id: 'desk',
      server: installation.address(),
      home: terminal.home,
    })
  })

  it('names an id that is made once and kept in the state folder', async () => {
    const flags = ['--state', terminal.path('state-2'), '--output', 'json']
    const first = await anAgent(...flags)
    await first.kill('SIGTERM')
    const second = await anAgent(...flags)
    const { device_id: id } = JSON.parse(second.firstLine) as { readonly device_id: string }
    expect([id, second.firstLine]).toEqual([
      expect.stringMatching(new RegExp(`^${hostname().replaceAll(/[^-.A-Za-z0-9]/g, '')}-[0-9a-f]{8}$`)),
      first.firstLine,
    ])
  })
})

describe('a device', () => {
  it('has the name and type that its agent was told', async () => {
    await anAgent(
      '--device-id',
      'build-7',
      '--name',
      'Build 7',
      '--type',
      'cloud',
      '--state',
      terminal.path('s3'),
    )
    await eventually('build-7 to be online', () => isOnline('build-7'))
    const { items } = (await terminal.json('devices')) as { readonly items: readonly object[] }
    expect(items).toContainEqual(
      expect.objectContaining({ device_id: 'build-7', display_name: 'Build 7', device_type: 'cloud' }),
    )
  })

  it('keeps its files in the home that is named', async () => {
    const home = terminal.path('other-home')
    await mkdir(home)
    await terminal.json('runtimes upload codex --enable', { stdin: '{"OPENAI_API_KEY":"k"}' })
    await anAgent('--device-id', 'other', '--home', home)
    const file = await eventually('the file', () =>
      readFile(`${home}/.codex/auth.json`, 'utf8').catch(() => null),
    )
    expect(JSON.parse(file)).toEqual({ OPENAI_API_KEY: 'k' })
    await terminal.json('runtimes disable codex')
  })
})

describe('an agent that cannot do its work', () => {
  it.each([
    ['is not there', 'no-home'],
    ['is a file', 'home-file'],
  ])('refuses a home that %s, and makes none', async (_what, name) => {
    if (name === 'home-file') await terminal.write(name, '')
    const home = terminal.path(name)
    expect(await terminal.run(`agent --home ${home}`)).toEqual(
      refusal(78, `--home: expected a folder that is there, got "${home}"`),
    )
    expect(await terminal.run(`agent --home ${home}/below`)).toMatchObject({ code: 78 })
  })

  it('says which id to start with when its token is bound to another', async () => {
    await terminal.json('token create --device laptop --save laptop.token')
    const agent = await anAgent('--token-file', terminal.path('laptop.token'), '--state', terminal.path('s4'))
    const line = await eventually('the refusal', async () =>
      agent
        .said()
        .split('\n')
        .find((one) => one.includes('refuses')),
    )
    expect(JSON.parse(line)).toMatchObject({
      level: 40,
      msg: 'the server refuses this device; check its token, trying again slowly',
      reason:
        'Invalid payload: device_id: this token belongs to another device, laptop; start the agent with --device-id laptop, or make a token for this device',
    })
  })

  it('waits for a server that is gone, and says so for people', async () => {
    const agent = await anAgent(
      '--server',
      'http://127.0.0.1:1',
      '--log-format',
      'pretty',
      '--device-id',
      'x',
    )
    const line = await eventually('the complaint', async () =>
      agent
        .said()
        .split('\n')
        .find((one) => one.includes('not connected')),
    )
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d WARN {2}not connected; trying again reason=connect ECONNREFUSED 127\.0\.0\.1:1 server=127\.0\.0\.1:1 retryInMs=\d+$/,
    )
    await agent.kill('SIGTERM')
    expect(agent.child.exitCode).toBe(0)
  })

  it('goes on when nobody reads what it says', async () => {
    const { child, ended } = terminal.start(`agent --device-id unread --state ${terminal.path('s5')}`)
    onTestFinished(() => void child.kill('SIGKILL'))
    child.stdout?.destroy()
    child.stderr?.destroy()
    await eventually('unread to be online', () => isOnline('unread'))
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
  })
})

describe('SIGTERM', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s says goodbye and ends an idle agent with 0', async (signal) => {
    const agent = await anAgent('--device-id', `idle-${signal}`, '--state', terminal.path(`idle-${signal}`))
    await eventually('it to be online', () => isOnline(`idle-${signal}`))
    await agent.kill(signal)
    expect([agent.child.exitCode, agent.child.signalCode]).toEqual([0, null])
    // Long before the 90 seconds after which silence counts as offline.
    await eventually('it to be offline', async () => !(await isOnline(`idle-${signal}`)))
  })

  it('lets the command in hand finish first', async () => {
    const asked = Promise.withResolvers<Socket>()
    await using proxy = await listen(
      createServer((socket) => void socket.once('data', () => asked.resolve(socket))),
    )
    await terminal.json('proxy set', { stdin: `http://127.0.0.1:${proxy.port}` })
    const agent = await anAgent('--device-id', 'busy', '--state', terminal.path('s6'))
    await eventually('busy to be online', () => isOnline('busy'))
    const tested = terminal.start('proxy test busy --output json').ended
    const socket = await asked.promise
    agent.child.kill('SIGTERM')
    socket.end('HTTP/1.1 200 OK\r\n\r\n')
    const { code, stdout } = await tested
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ connect_accepted: true })])
    await agent.kill('SIGTERM')
    expect(agent.child.exitCode).toBe(0)
  })
})
