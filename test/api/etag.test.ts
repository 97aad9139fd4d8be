import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { aDeviceReport } from '#test/support/api-devices.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { CODEX, saveProxy, storedPreferences, upload } from '#test/support/api-stories.ts'

const LOGIN = { auth_json: '{"token":"secret"}' }

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
  api.devices.add(aDeviceReport())
  await upload(api, '{"token":"first"}')
})

afterEach(() => api.stop())

async function etagOf(path: string): Promise<string> {
  return (await api.call('GET', path)).headers.get('etag') ?? 'none'
}

async function statusOf(method: string, path: string, request: { ifMatch: string; body?: unknown }) {
  const { ifMatch, body } = request
  const answer = await api.call(method, path, { body, headers: { 'if-match': ifMatch } })
  return answer.status
}

interface Case {
  readonly method: string
  readonly path: string
  /** Where the version comes from that the If-Match is about; absent: the path itself. */
  readonly source?: string
  readonly body?: unknown
}

const ROUTES: readonly Case[] = [
  { method: 'GET', path: CODEX },
  { method: 'GET', path: '/users/me/runtime-configs' },
  { method: 'PUT', path: CODEX, body: { use_user_config: true } },
  { method: 'POST', path: `${CODEX}/auth-json`, source: CODEX, body: LOGIN },
  { method: 'DELETE', path: `${CODEX}/auth-json`, source: CODEX },
  { method: 'POST', path: `${CODEX}/import-device`, source: CODEX, body: { device_id: 'device-1' } },
  { method: 'POST', path: `${CODEX}/sync`, source: CODEX, body: {} },
  { method: 'GET', path: '/users/me/proxy-config' },
  { method: 'PUT', path: '/users/me/proxy-config', body: { proxy_url: 'http://h:80' } },
  { method: 'GET', path: '/users/me/devices' },
  { method: 'GET', path: '/users/me/devices/device-1' },
  { method: 'GET', path: '/users/me/device-tokens' },
  { method: 'POST', path: '/users/me/device-tokens', body: { name: 'laptop' } },
  { method: 'GET', path: '/v1/namespaces/default/urc' },
  { method: 'GET', path: '/v1/namespaces/default/urc/codex' },
  { method: 'DELETE', path: '/v1/namespaces/default/urc/codex' },
]

describe('If-Match', () => {
  it.each(ROUTES)(
    'lets $method $path through with the current version',
    async ({ method, path, source, body }) => {
      const ifMatch = await etagOf(source ?? path)
      expect(ifMatch).toMatch(/^"[\w-]{22}"$/)
      expect(await statusOf(method, path, { ifMatch, body })).toBeLessThan(300)
    },
  )

  it.each(ROUTES)('stops $method $path with another version', async ({ method, path, body }) => {
    const before = await api.store.list('UserRuntimeConfig')
    for (const ifMatch of ['"other"', 'W/"weak"', 'nonsense', '']) {
      expect([ifMatch, await statusOf(method, path, { ifMatch, body })]).toEqual([ifMatch, 412])
    }
    expect(await api.store.list('UserRuntimeConfig')).toEqual(before)
    expect(await storedPreferences(api)).toEqual({})
  })

  it('takes one of several versions, and any with a star', async () => {
    const etag = await etagOf(CODEX)
    const body = { use_user_config: false }
    expect(await statusOf('PUT', CODEX, { ifMatch: `"a", ${etag}, W/"b"`, body })).toBe(200)
    expect(await statusOf('PUT', CODEX, { ifMatch: '*', body })).toBe(200)
  })

  it('gives each writer its own version: one of two with the same one is stopped', async () => {
    const ifMatch = await etagOf(CODEX)
    const answers = await Promise.all(
      [1, 2].map((version) =>
        statusOf('POST', `${CODEX}/auth-json`, { ifMatch, body: { auth_json: `{"v":${version}}` } }),
      ),
    )
    expect(new Set(answers)).toEqual(new Set([200, 412]))
  })

  it('gives a change the version that a read gives then', async () => {
    const change = await api.call('PUT', CODEX, { body: { use_user_config: true } })
    expect(change.headers.get('etag')).toBe(await etagOf(CODEX))
    const proxy = await saveProxy(api, 'http://h:80')
    expect(proxy.headers.get('etag')).toBe(await etagOf('/users/me/proxy-config'))
  })

  it('covers one device token', async () => {
    const made = await api.call('POST', '/users/me/device-tokens', { body: { name: 'laptop' } })
    const path = `/users/me/device-tokens/${(made.body as { readonly id: string }).id}`
    expect(await statusOf('DELETE', path, { ifMatch: '"other"' })).toBe(412)
    expect(await statusOf('DELETE', path, { ifMatch: made.headers.get('etag') ?? '' })).toBe(200)
  })
})

describe('If-None-Match', () => {
  it('answers 304 without a body while nothing changed', async () => {
    const headers = { 'if-none-match': `W/${await etagOf(CODEX)}` }
    const same = await api.call('GET', CODEX, { headers })
    expect([same.status, same.text]).toEqual([304, ''])
    await upload(api, '{"token":"second"}')
    expect((await api.call('GET', CODEX, { headers })).status).toBe(200)
  })

  it('answers a HEAD with the headers of the GET', async () => {
    const [head, get] = await Promise.all([api.call('HEAD', CODEX), api.call('GET', CODEX)])
    expect(head.text).toBe('')
    const names = ['etag', 'content-length', 'content-type', 'cache-control']
    expect(names.map((name) => head.headers.get(name))).toEqual(names.map((name) => get.headers.get(name)))
  })
})
