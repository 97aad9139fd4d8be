import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { aCommandResult, aDeviceReport } from '#test/support/api-devices.ts'
import { startTestApi, type TestApi, type TestRequest } from '#test/support/api-server.ts'
import { CODEX, saveProxy, storedConfig, storedProxy, upload } from '#test/support/api-stories.ts'
import { anEdit, CONFIG, edit } from '#test/support/layered-config.ts'

let api: TestApi
let grace: string
let tokenOfAda: string

// Ada has a login, a proxy, devices and tokens; Grace has nothing, and guesses.
beforeEach(async () => {
  api = await startTestApi()
  grace = await api.tokenFor('grace')
  await upload(api, '{"token":"canary-login"}')
  await edit(api, [anEdit('canary', 'canary-setting')])
  await saveProxy(api, 'http://ada:canary-proxy@canary.example:80')
  await api.call('PUT', CODEX, { body: { use_user_config: true, use_proxy: true } })
  for (const deviceId of ['device-1', 'device-2', 'canary-device']) {
    api.devices.add(aDeviceReport({ deviceId, displayName: 'canary' }), async () => aCommandResult())
  }
  const made = await api.call('POST', '/users/me/device-tokens', { body: { name: 'canary' } })
  tokenOfAda = (made.body as { readonly id: string }).id
})

afterEach(() => api.stop())

const asGrace = (method: string, path: string, request: TestRequest = {}) =>
  api.call(method, path, { token: grace, ...request })

describe('one user reading', () => {
  it.each([
    CODEX,
    `${CONFIG}?include=layers`,
    '/users/me/runtime-configs',
    '/users/me/proxy-config',
    '/users/me/devices',
    '/users/me/device-tokens',
    '/v1/namespaces/default/userruntimeconfigs',
    '/v1/namespaces/default/userruntimeconfigs?fieldSelector=metadata.namespace%3Duser-1',
    '/v1/namespaces/default/devices',
  ])('sees nothing of another at %s', async (path) => {
    const answer = await asGrace('GET', path)
    expect(answer.status).toBe(200)
    expect(answer.text).not.toContain('canary')
    expect(answer.text).not.toContain('user-1')
  })

  it.each([
    '/users/me/devices/canary-device',
    '/v1/namespaces/user-1/userruntimeconfigs',
    '/v1/namespaces/user-1/userruntimeconfigs/codex',
    '/v1/namespaces/User-1/userruntimeconfigs/codex',
    '/v1/namespaces/1/userruntimeconfigs/codex',
    '/v1/namespaces/default%2f..%2fuser-1/userruntimeconfigs/codex',
    '/v1/namespaces/default/userruntimeconfigs/codex',
    '/v1/namespaces/default/upc/default',
    '/users/1/runtime-configs/codex',
    '/users/ada/proxy-config',
  ])('finds nothing at %s', async (path) => {
    expect((await asGrace('GET', path)).status).toBe(404)
  })

  it('cannot carry a version over: equal bodies of two users are no secret, others differ', async () => {
    const ofAda = (await api.call('GET', CODEX)).headers.get('etag') ?? ''
    const answer = await asGrace('GET', CODEX, { headers: { 'if-none-match': ofAda } })
    expect(answer.status).toBe(200)
  })
})

describe('one user changing', () => {
  it('leaves everything of another as it is', async () => {
    const before = [await storedConfig(api), await storedProxy(api)]
    const manifest = {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'UserRuntimeConfig',
      metadata: { name: 'codex', namespace: 'user-1' },
      spec: { runtime: 'codex', suspend: true },
    }
    const answers = [
      await asGrace('POST', `${CODEX}/import-device`, { body: { device_id: 'canary-device' } }),
      await asGrace('DELETE', `/users/me/device-tokens/${tokenOfAda}`),
      await asGrace('POST', '/v1/namespaces/user-1/apply', { body: manifest }),
      await asGrace('DELETE', '/v1/namespaces/user-1/userruntimeconfigs/codex'),
      await asGrace('DELETE', '/v1/namespaces/default/userruntimeconfigs/codex'),
    ]
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404])
    await asGrace('POST', '/v1/namespaces/default/apply', { body: manifest })
    await asGrace('DELETE', `${CODEX}/auth-json`)
    await asGrace('PUT', '/users/me/proxy-config', { body: {} })
    expect([await storedConfig(api), await storedProxy(api)]).toEqual(before)
    expect(api.devices.sent).toEqual([])
    expect((await api.call('GET', '/users/me/device-tokens')).body).toMatchObject({
      items: [{ id: tokenOfAda, revoked_at: null }],
    })
  })

  it('cannot sync a device of another', async () => {
    await upload(api, '{"token":"of-grace"}', grace)
    const answer = await asGrace('POST', `${CODEX}/sync`, { body: { device_ids: ['canary-device'] } })
    expect(answer.status).toBe(404)
    expect((await asGrace('POST', `${CODEX}/sync`)).body).toMatchObject({ total: 0, items: [] })
  })
})

describe('tokens', () => {
  it('of nobody, of somebody deactivated and of another scope open nothing', async () => {
    const gone = await api.tokenFor('gone')
    await api.call('GET', CODEX, { token: gone })
    const user = await api.users.findByName('gone')
    await api.users.setActive(user?.id ?? '', false)
    const device = await api.tokenFor('ada', ['device'])
    const execution = await api.tokenFor('ada', ['execution'])
    const admin = await api.tokenFor('ada', ['admin'])
    const statuses = async (token: string | null) => (await api.call('GET', CODEX, { token })).status
    expect([await statuses(null), await statuses(gone), await statuses(device)]).toEqual([401, 401, 403])
    expect([await statuses(execution), await statuses(admin)]).toEqual([403, 403])
  })

  it('of one user never enrich for another without the scope', async () => {
    const answer = await asGrace('POST', '/execution-requests/enrich', {
      body: { runtime: 'codex', model_config: {} },
      headers: { 'X-On-Behalf-Of': 'ada' },
    })
    expect(answer.status).toBe(403)
    expect(answer.text).not.toContain('canary')
  })
})
