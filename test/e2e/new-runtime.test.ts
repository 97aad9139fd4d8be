import { readFile, rm, stat } from 'node:fs/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Client } from '#cli/client.ts'
import { API_VERSION } from '#crds/group.ts'
import {
  eventually,
  type Installation,
  startInstallation,
  type TestDevice,
} from '#test/support/installation.ts'

const GEMINI = {
  apiVersion: API_VERSION,
  kind: 'Runtime',
  metadata: { name: 'gemini' },
  spec: {
    displayName: 'Gemini',
    auth: {
      targetPath: '~/.gemini/oauth_creds.json',
      format: 'json',
      validation: { maxBytes: 65_536 },
      fields: { accountId: '/account', refreshToken: '/refresh_token' },
    },
    proxy: { schemes: ['http'] },
  },
}

const PATH = '/users/me/runtime-configs/gemini'
const LOGIN = '{"account":"someone","refresh_token":"r-1"}'

interface Row {
  readonly runtime: string
  readonly state: string
  readonly reason: string
}

describe('a runtime added as a resource, with no code', () => {
  let installation: Installation
  let client: Client
  let device: TestDevice

  beforeAll(async () => {
    installation = await startInstallation(['--log-level', 'warn'])
    client = await installation.client('alice', ['user', 'admin'])
    device = await installation.addDevice('alice', 'workstation')
    // The agent is connected before the runtime exists, and is not restarted.
    await device.start()
    await eventually('the device to be known', () => rowOf('codex'))
    await client.call({ method: 'POST', path: '/v1/namespaces/default/apply', body: GEMINI })
  })

  afterAll(() => installation.close())

  async function rowOf(runtime: string): Promise<Row | undefined> {
    const view = (await client.call({ path: '/users/me/devices' })) as {
      readonly items: readonly { readonly runtimes: readonly Row[] }[]
    }
    return view.items[0]?.runtimes.find((row) => row.runtime === runtime)
  }

  const untilState = (state: string) =>
    eventually(`gemini to be ${state}`, async () => (await rowOf('gemini'))?.state === state)

  it('is listed, switched off and empty', async () => {
    expect(await client.call({ path: PATH })).toMatchObject({
      runtime: 'gemini',
      display_name: 'Gemini',
      configured: false,
      target_path: '~/.gemini/oauth_creds.json',
    })
  })

  it('is stored, switched on, and its file arrives', async () => {
    await client.call({ method: 'POST', path: `${PATH}/auth-json`, body: { auth_json: LOGIN } })
    await client.call({ method: 'PUT', path: PATH, body: { use_user_config: true } })
    await untilState('InSync')
    expect(JSON.parse(await readFile(device.path('~/.gemini/oauth_creds.json'), 'utf8'))).toEqual(
      JSON.parse(LOGIN),
    )
  })

  it('is written again after the file is lost', async () => {
    await rm(device.path('~/.gemini/oauth_creds.json'))
    await eventually('the file', () => stat(device.path('~/.gemini/oauth_creds.json')).catch(() => null))
    expect(await untilState('InSync')).toBe(true)
  })

  it('refuses a proxy scheme that it does not support', async () => {
    await client.call({
      method: 'PUT',
      path: '/users/me/proxy-config',
      body: { proxy_url: 'socks5://127.0.0.1:1080' },
    })
    await expect(
      client.call({ method: 'PUT', path: PATH, body: { use_user_config: true, use_proxy: true } }),
    ).rejects.toMatchObject({ code: 'PROXY_SCHEME_UNSUPPORTED' })
  })

  it('is imported from the device', async () => {
    const answer = await client.call({
      method: 'POST',
      path: `${PATH}/import-device`,
      body: { device_id: 'workstation' },
    })
    expect(answer).toMatchObject({ runtime: 'gemini', configured: true })
  })

  it('is removed where we wrote it, once that is allowed', async () => {
    const spec = {
      runtime: 'gemini',
      auth: { format: 'json', targetPath: '~/.gemini/oauth_creds.json', removalPolicy: 'RemoveManaged' },
    }
    const manifest = {
      apiVersion: API_VERSION,
      kind: 'UserRuntimeConfig',
      metadata: { name: 'gemini', namespace: 'default' },
      spec,
    }
    await client.call({ method: 'POST', path: '/v1/namespaces/default/apply', body: manifest })
    await client.call({ method: 'PUT', path: PATH, body: { use_user_config: false } })
    await eventually('the proof of the removal', async () => (await rowOf('gemini'))?.reason === 'Removed')
    await expect(stat(device.path('~/.gemini/oauth_creds.json'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
