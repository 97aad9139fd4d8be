import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import {
  problemOf,
  saveProxy,
  setPreferences,
  storedConfig,
  storedPreferences,
  upload,
} from '#test/support/api-stories.ts'

const CONFIGS = '/v1/namespaces/default/userruntimeconfigs'

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
  await upload(api, '{"token":"secret"}')
})

afterEach(() => api.stop())

describe('showing', () => {
  it.each(['userruntimeconfigs', 'userruntimeconfig', 'urc', 'UserRuntimeConfigs'])(
    'knows the kind as %s',
    async (kind) => {
      expect((await api.call('GET', `/v1/namespaces/default/${kind}/codex`)).status).toBe(200)
    },
  )

  it("knows the user's own namespace by both of its names", async () => {
    const own = await api.call('GET', '/v1/namespaces/user-1/urc/codex')
    expect(own.body).toMatchObject({ metadata: { namespace: 'user-1' } })
  })

  it.each([
    '/v1/namespaces/default/pods',
    '/v1/namespaces/default/users',
    `${CONFIGS}/nope`,
    `${CONFIGS}/%00`,
  ])('finds nothing at %s', async (path) => {
    expect((await api.call('GET', path)).status).toBe(404)
  })

  it.each(['runtimes', 'managedruntimeconfigs', 'rt/codex'])(
    'needs an administrator for %s',
    async (path) => {
      expect((await api.call('GET', `/v1/namespaces/default/${path}`)).status).toBe(403)
    },
  )
})

describe('listing', () => {
  it('selects and pages', async () => {
    await api.call('POST', '/v1/namespaces/default/apply', {
      body: {
        apiVersion: 'agent.wecode.io/v1',
        kind: 'UserRuntimeConfig',
        metadata: { name: 'claude', labels: { team: 'a' } },
        spec: { runtime: 'claude' },
      },
    })
    const names = async (query: string) => {
      const { body } = await api.call('GET', `${CONFIGS}?${query}`)
      return (body as { items: { metadata: { name: string } }[] }).items.map((item) => item.metadata.name)
    }
    expect(await names('')).toEqual(['claude', 'codex'])
    expect(await names('labelSelector=team%3Da')).toEqual(['claude'])
    expect(await names('fieldSelector=metadata.name%3Dcodex')).toEqual(['codex'])
    expect(await names('limit=1')).toEqual(['claude'])
    const { body } = await api.call('GET', `${CONFIGS}?limit=1`)
    const { metadata } = body as { metadata: { continue: string } }
    expect(await names(`limit=1&continue=${encodeURIComponent(metadata.continue)}`)).toEqual(['codex'])
  })

  it.each(['limit=x', 'limit=-1', 'limit=1&limit=2', 'labelSelector=!!', 'fieldSelector=%00', 'continue=x'])(
    'refuses ?%s',
    async (query) => {
      expect((await api.call('GET', `${CONFIGS}?${query}`)).status).toBe(400)
    },
  )
})

describe('deleting', () => {
  it('removes the object and gives it back without what is sealed', async () => {
    const answer = await api.call('DELETE', `${CONFIGS}/codex`)
    expect(answer).toMatchObject({ status: 200, body: { metadata: { name: 'codex' } } })
    expect(answer.text).not.toContain('encrypted')
    await expect(storedConfig(api)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await api.call('DELETE', `${CONFIGS}/codex`)).status).toBe(404)
  })

  it('switches a proxy off that is taken away', async () => {
    await saveProxy(api, 'http://127.0.0.1:7890')
    await setPreferences(api, { runtime_configs: { codex: { use_proxy: true } } })
    await api.call('DELETE', '/v1/namespaces/default/upc/default')
    expect(await storedPreferences(api)).toEqual({ runtime_configs: { codex: { use_proxy: false } } })
  })

  it('deletes only the version in If-Match', async () => {
    const { headers } = await api.call('GET', `${CONFIGS}/codex`)
    const etag = headers.get('etag') ?? ''
    await upload(api, '{"token":"v2"}')
    const stale = await api.call('DELETE', `${CONFIGS}/codex`, { headers: { 'if-match': etag } })
    expect(problemOf(stale)).toMatchObject({ status: 412 })
    const fresh = (await api.call('GET', `${CONFIGS}/codex`)).headers.get('etag') ?? ''
    expect((await api.call('DELETE', `${CONFIGS}/codex`, { headers: { 'if-match': fresh } })).status).toBe(
      200,
    )
  })
})
