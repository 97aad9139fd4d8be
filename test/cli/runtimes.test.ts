import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import {
  eventually,
  type Installation,
  startInstallation,
  type TestDevice,
} from '#test/support/installation.ts'
import { openTerminal, refusal, type Terminal } from '#test/support/terminal.ts'

const LOGIN = '{"OPENAI_API_KEY":"k"}'
const MOMENT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

let installation: Installation
let terminal: Terminal
let desk: TestDevice

beforeAll(async () => {
  installation = await startInstallation()
  terminal = await openTerminal({ RUNTIMECONFIG_SERVER: installation.address() })
  await terminal.write('.config/runtimeconfig/token', await installation.token('alice'))
  await terminal.write('auth.json', LOGIN)
  desk = await installation.addDevice('alice', 'desk')
})
afterAll(async () => {
  await installation.close()
  await terminal[Symbol.asyncDispose]()
})

function aRuntime(overrides: object = {}): object {
  return {
    runtime: 'codex',
    display_name: 'Codex',
    use_user_config: false,
    use_proxy: false,
    configured: false,
    target_path: '~/.codex/auth.json',
    auth_json_sha256: null,
    auth_json_updated_at: null,
    proxy_configured: false,
    proxy_url_masked: '',
    proxy_updated_at: null,
    updated_at: null,
    ...overrides,
  }
}

const CLAUDE = {
  runtime: 'claude',
  display_name: 'Claude Code',
  target_path: '~/.claude/.credentials.json',
} as const
const SHA = 'addc893cd4c539b3e7f1fd7434c50827a2206126758be25dbed352bdc57a554d'
const STORED = {
  configured: true,
  auth_json_sha256: SHA,
  auth_json_updated_at: MOMENT,
  updated_at: MOMENT,
} as const

describe('runtimes', () => {
  it('shows every runtime, stored or not', async () => {
    const items = [aRuntime(CLAUDE), aRuntime()]
    expect(await terminal.json('runtimes list')).toEqual({ items })
    expect(await terminal.json('runtimes')).toEqual({ items })
    expect(await terminal.run('runtimes')).toEqual({
      code: 0,
      stdout: [
        'RUNTIME  ON  STORED  SINCE  PROXY  FILE',
        'claude   no  no             no     ~/.claude/.credentials.json',
        'codex    no  no             no     ~/.codex/auth.json\n',
      ].join('\n'),
      stderr: '',
    })
  })

  it('stores a login from a file, and switches it on when asked to', async () => {
    expect(await terminal.json('runtimes upload codex auth.json')).toEqual(aRuntime(STORED))
    expect(await terminal.json('runtimes upload codex auth.json --enable')).toEqual(
      aRuntime({ ...STORED, use_user_config: true }),
    )
    const { stdout } = await terminal.run('runtimes list')
    expect(stdout.split('\n')[2]?.split(/ +/)).toEqual([
      'codex',
      'yes',
      SHA.slice(0, 16),
      MOMENT,
      'no',
      '~/.codex/auth.json',
    ])
  })

  it('stores a login from stdin', async () => {
    const options = { stdin: LOGIN }
    expect(await terminal.json('runtimes upload codex', options)).toMatchObject(STORED)
    expect(await terminal.json('runtimes upload codex -', options)).toMatchObject(STORED)
  })

  it('switches on and off, forgets, and says what is so now', async () => {
    expect(await terminal.json('runtimes disable codex')).toMatchObject({ ...STORED, use_user_config: false })
    expect(await terminal.json('runtimes enable codex')).toMatchObject({ ...STORED, use_user_config: true })
    expect(await terminal.json('runtimes remove codex')).toMatchObject({
      configured: false,
      use_user_config: true,
    })
    await terminal.json('runtimes disable codex')
  })

  it('uses the proxy for it, once there is one', async () => {
    expect(await terminal.run('runtimes enable-proxy codex')).toEqual(refusal(1, 'proxy is not configured'))
    await terminal.json('proxy set', { stdin: 'http://u:p@127.0.0.1:3128' })
    const used = {
      use_proxy: true,
      proxy_configured: true,
      proxy_url_masked: 'http://***:***@127.0.0.1:3128',
    }
    expect(await terminal.json('runtimes enable-proxy codex')).toMatchObject(used)
    expect(await terminal.json('runtimes disable-proxy codex')).toMatchObject({ ...used, use_proxy: false })
    await terminal.json('proxy clear')
  })

  it.concurrent.each([
    ['runtimes enable nope', 'Unsupported runtime: nope'],
    ['runtimes enable ../../users', 'Unsupported runtime: ../../users'],
    ['runtimes import codex nowhere', 'Device not found or access denied'],
    ['explain nowhere codex', 'Device not found or access denied'],
  ])('refuses in a sentence: %s', async (line, message) => {
    expect(await terminal.run(line)).toEqual(refusal(1, message))
  })

  it.concurrent.each([
    ['not JSON', 'no JSON', 'auth_json must be valid JSON'],
    ['a list', '[]', 'auth_json must be a JSON object'],
    ['too large', `{"a":"${'x'.repeat(2 ** 20)}"}`, 'request body must be at most 1048576 bytes'],
  ])('refuses a login that is %s', async (_what, stdin, message) => {
    expect(await terminal.run('runtimes upload codex', { stdin })).toEqual(refusal(1, message))
  })
})

describe('with a device', () => {
  beforeAll(async () => {
    await desk.start()
    await eventually('desk to be known', async () => {
      const { items } = (await terminal.json('devices')) as { readonly items: readonly object[] }
      return items.length > 0
    })
  })

  it('devices shows it, with every runtime', async () => {
    const { items } = (await terminal.json('devices')) as {
      readonly items: readonly { readonly device_id: string; readonly runtimes: readonly object[] }[]
    }
    expect(items.map(({ device_id, runtimes }) => [device_id, runtimes.length])).toEqual([['desk', 2]])
    const { stdout } = await terminal.run('devices')
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 4))).toEqual([
      ['DEVICE', 'ONLINE', 'RUNTIME', 'STATE'],
      ['desk', 'yes', 'claude', 'NotManaged'],
      ['desk', 'yes', 'codex', 'NotManaged'],
      [''],
    ])
  })

  it('sync sends it to the device and says what came of it', async () => {
    await terminal.json('runtimes upload codex auth.json --enable')
    // The file is there before the device has answered; a sync in between would join the command that wrote it.
    await eventually('the file to be in sync', async () => {
      const row = (await terminal.json('explain desk codex')) as { readonly state: string }
      return row.state === 'InSync'
    })
    const answer = {
      runtime: 'codex',
      target_path: '~/.codex/auth.json',
      total: 1,
      items: [{ device_id: 'desk', success: true, status: 'skipped_existing', error: null }],
    }
    expect(await terminal.json('runtimes sync codex')).toEqual(answer)
    expect(await terminal.run('runtimes sync codex')).toEqual({
      code: 0,
      stdout: 'DEVICE  RESULT            ERROR\ndesk    skipped_existing  \n',
      stderr: '',
    })
  })

  it('explain says why it is as it is', async () => {
    const explained = await eventually('the file to be in sync', async () => {
      const row = (await terminal.json('explain desk codex')) as { readonly state: string }
      return row.state === 'InSync' ? row : null
    })
    expect(explained).toMatchObject({ device_id: 'desk', online: true, runtime: 'codex', state: 'InSync' })
    const { code, stdout, stderr } = await terminal.run('explain desk CODEX')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(
      /^codex on .+ is InSync \(\w+\): .+\nfile ~\/\.codex\/auth\.json · online · attempts 0 /,
    )
    expect(stdout).toMatch(/\n\nnext: none\n$/)
    expect(stdout.match(/^ {2}[✓✗] \w+ +.+$/gm)).toHaveLength(12)
    expect(await terminal.run('explain desk nope')).toEqual(
      refusal(1, 'Unsupported runtime: nope; expected one of claude, codex'),
    )
  })

  it('import stores the login that the device has', async () => {
    await terminal.json('runtimes remove codex')
    expect(await terminal.json('runtimes import codex desk')).toMatchObject(STORED)
    const { code, stdout } = await terminal.run('runtimes import codex desk')
    expect([code, stdout.split('\n')[1]?.slice(0, 12)]).toEqual([0, 'codex    yes'])
  })

  it('sync exits with 1 when a device did not get it', async () => {
    await desk.stop()
    await eventually('desk to be offline', async () => {
      const { code } = await terminal.run('runtimes sync codex')
      return code === 1
    })
    const { code, stdout, stderr } = await terminal.run('runtimes sync codex --output json')
    expect([code, stderr, (JSON.parse(stdout) as { readonly items: unknown }).items]).toEqual([
      1,
      '',
      [{ device_id: 'desk', success: false, status: 'offline', error: expect.any(String) }],
    ])
  })
})

it('asks those who have nothing yet to make it', async () => {
  await using empty = await openTerminal({ RUNTIMECONFIG_SERVER: installation.address() })
  await empty.write('.config/runtimeconfig/token', await installation.token('newcomer'))
  expect((await empty.run('devices')).stdout).toBe(
    'you have no devices yet; make one a token with: runtimeconfig token create --device NAME\n',
  )
  expect(await empty.json('devices')).toEqual({ items: [] })
  await empty.json('runtimes upload codex --enable', { stdin: LOGIN })
  expect((await empty.run('runtimes sync codex')).stdout).toBe(
    'you have no devices yet; start one with: runtimeconfig agent\n',
  )
  expect((await empty.run('token list')).stdout).toBe(
    'no device tokens yet; make one with: runtimeconfig token create --device NAME\n',
  )
})
