import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { eventually, type Installation, startInstallation } from '#test/support/installation.ts'
import { anHttpProxy, type Listening } from '#test/support/proxies.ts'
import { openTerminal, refusal, type Terminal } from '#test/support/terminal.ts'

const MOMENT = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const NONE = { configured: false, proxy_url_masked: '', proxy_updated_at: null }

let installation: Installation
let terminal: Terminal
let proxy: Listening

beforeAll(async () => {
  installation = await startInstallation()
  terminal = await openTerminal({ RUNTIMECONFIG_SERVER: installation.address() })
  await terminal.write('.config/runtimeconfig/token', await installation.token('alice'))
  proxy = await anHttpProxy((head) =>
    head.includes('Proxy-Authorization: Basic dTpzZWNyZXQ=')
      ? 'HTTP/1.1 200 Connection established\r\n\r\n'
      : 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n',
  )
})
afterAll(async () => {
  await installation.close()
  await proxy[Symbol.asyncDispose]()
  await terminal[Symbol.asyncDispose]()
})

describe('proxy', () => {
  it('is shown masked, saved and forgotten', async () => {
    const saved = {
      configured: true,
      proxy_url_masked: 'http://***:***@127.0.0.1:3128',
      proxy_updated_at: MOMENT,
      updated_at: MOMENT,
    }
    expect(await terminal.json('proxy')).toEqual({ ...NONE, updated_at: null })
    expect(await terminal.json('proxy set', { stdin: 'http://u:secret@127.0.0.1:3128\n' })).toEqual(saved)
    expect(await terminal.json('proxy show')).toEqual(saved)
    expect((await terminal.run('proxy')).stdout).toMatch(
      /^http:\/\/\*\*\*:\*\*\*@127\.0\.0\.1:3128 {2}saved \S+Z\n$/,
    )
    await terminal.write('proxy.url', 'socks5://u:secret@127.0.0.1:1080')
    expect(await terminal.json('proxy set proxy.url')).toMatchObject({
      proxy_url_masked: 'socks5://***:***@127.0.0.1:1080',
    })
    expect(await terminal.json('proxy clear')).toEqual({ ...NONE, updated_at: MOMENT })
    expect((await terminal.run('proxy')).stdout).toBe('no proxy is saved\n')
  })

  it('is not forgotten by a file that is empty', async () => {
    await terminal.json('proxy set', { stdin: 'http://127.0.0.1:3128' })
    expect(await terminal.run('proxy set', { stdin: '' })).toEqual(
      refusal(1, 'expected text from stdin, got nothing'),
    )
    expect(await terminal.json('proxy')).toMatchObject({ configured: true })
  })

  it('is refused without being repeated', async () => {
    const { code, stdout, stderr } = await terminal.run('proxy set', { stdin: 'gopher://u:secret@host' })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^error: .+\n$/)
    expect(stderr).not.toContain('secret')
  })
})

describe('proxy test', () => {
  beforeAll(async () => {
    const desk = await installation.addDevice('alice', 'desk')
    await desk.start()
    await eventually('desk to be known', async () => {
      const { items } = (await terminal.json('devices')) as { readonly items: readonly object[] }
      return items.length > 0
    })
  })

  it('says that it works where it does', async () => {
    await terminal.json('proxy set', { stdin: `http://u:secret@127.0.0.1:${proxy.port}` })
    const probe = {
      device_id: 'desk',
      reachable: true,
      connect_accepted: true,
      authenticated: true,
      tls_intact: null,
      message: expect.any(String),
      probed_at: MOMENT,
    }
    expect(await terminal.json('proxy test desk')).toEqual(probe)
    const { code, stdout, stderr } = await terminal.run('proxy test desk')
    expect([code, stderr, stdout.split('\n')]).toEqual([
      0,
      '',
      [
        '  ✓ answers at all',
        '  ✓ connects to the server',
        '  ✓ takes the login of its URL',
        '  · lets TLS through untouched',
        '',
        expect.stringMatching(/^desk: .+/),
        '',
      ],
    ])
  })

  it('exits with 1 where it does not work', async () => {
    await terminal.json('proxy set', { stdin: `http://u:wrong@127.0.0.1:${proxy.port}` })
    const { code, stdout, stderr } = await terminal.run('proxy test desk --output json')
    expect([code, stderr, JSON.parse(stdout)]).toEqual([
      1,
      '',
      expect.objectContaining({ reachable: true, connect_accepted: false, authenticated: false }),
    ])
    const shown = await terminal.run('proxy test desk')
    expect([shown.code, shown.stdout.split('\n').slice(0, 3)]).toEqual([
      1,
      ['  ✓ answers at all', '  ✗ connects to the server', '  ✗ takes the login of its URL'],
    ])
  })

  it('refuses what cannot be tried', async () => {
    expect(await terminal.run('proxy test nowhere')).toEqual(refusal(1, 'Device not found or access denied'))
    await terminal.json('proxy clear')
    expect(await terminal.run('proxy test desk')).toEqual(refusal(1, 'proxy is not configured'))
  })
})
