import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import {
  applyGemini,
  CODEX,
  openStoredDocument,
  problemOf,
  storedConfig,
  upload,
} from '#test/support/api-stories.ts'
import { eventually } from '#test/support/installation.ts'

const SECRET = '{"token":"secret","account":{"id":"user-1"}}'
const SECRET_SHA = '1125872ac3d071641363541773dd94049e80affcb706d02339ccaeaa19e4d97d'
const V2_SHA = '5d74ce1b86d7740a92de89a8af25e90c54b24fdb554e846a1b6c5f56625e2580'

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
})

afterEach(() => api.stop())

function shaOf(body: unknown): unknown {
  return (body as { readonly auth_json_sha256: unknown }).auth_json_sha256
}

describe('uploading', () => {
  it('10: stores the normal form sealed, and gives only its digest back', async () => {
    const answer = await upload(api, SECRET)
    expect(answer.body).toEqual({
      runtime: 'codex',
      display_name: 'Codex',
      use_user_config: false,
      use_proxy: false,
      configured: true,
      target_path: '~/.codex/auth.json',
      auth_json_sha256: SECRET_SHA,
      auth_json_updated_at: '2026-11-21T10:00:00.000Z',
      proxy_configured: false,
      proxy_url_masked: '',
      proxy_updated_at: null,
      updated_at: '2026-11-21T10:00:00.000Z',
    })
    expect(await openStoredDocument(api)).toBe(
      '{\n  "account": {\n    "id": "user-1"\n  },\n  "token": "secret"\n}',
    )
    expect(JSON.stringify(await storedConfig(api))).not.toContain('secret"')
    expect(answer.text).not.toContain('secret')
  })

  it('11: writes a resource of the documented shape', async () => {
    await upload(api, SECRET)
    const { apiVersion, kind, metadata, spec } = await storedConfig(api)
    expect({ apiVersion, kind, name: metadata.name, spec }).toEqual({
      apiVersion: 'agent.wecode.io/v1',
      kind: 'UserRuntimeConfig',
      name: 'codex',
      spec: {
        runtime: 'codex',
        auth: {
          format: 'json',
          targetPath: '~/.codex/auth.json',
          encryptedValue: expect.stringMatching(/^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/),
          sha256: SECRET_SHA,
          updatedAt: '2026-11-21T10:00:00.000Z',
        },
        updatedAt: '2026-11-21T10:00:00.000Z',
      },
    })
    const shown = await api.call('GET', '/v1/namespaces/default/userruntimeconfigs/codex')
    expect(shown.body).toMatchObject({ metadata: { name: 'codex', namespace: 'default' } })
  })

  it.each([
    '{"account":{"id":"user-1"},"token":"secret"}',
    '  {"token" : "secret",\n"account":\t{"id":"user-1"}}\r\n',
    '{"token":"old","token":"secret","account":{"id":"user-1"}}',
    '{"\\u0074oken":"secret","account":{"id":"user-1"}}',
  ])('12: gives the same digest for %j', async (text) => {
    expect(shaOf((await upload(api, text)).body)).toBe(SECRET_SHA)
  })

  it('14: keeps characters beyond ASCII as they are', async () => {
    const { body } = await upload(api, '{"name":"中文","emoji":"😀"}')
    expect(shaOf(body)).toBe('25dbf932b3bceb4bc328cf21ba891605a207d3aed87f499d261a3298ce58f003')
  })

  it('15: refuses what is no JSON, and keeps what is stored', async () => {
    await upload(api, SECRET)
    const before = await storedConfig(api)
    expect(problemOf(await upload(api, '{invalid'))).toEqual({
      status: 400,
      detail: 'auth_json must be valid JSON',
    })
    expect(await storedConfig(api)).toEqual(before)
  })

  it.each(['[1]', '"x"', '123', 'null', 'true'])('16: refuses %s, which is no object', async (text) => {
    expect(problemOf(await upload(api, text))).toEqual({
      status: 400,
      detail: 'auth_json must be a JSON object',
    })
  })

  it.each(['', ' ', '\ufeff{}', '{} {}', '{"a":Infinity}'])(
    '16: refuses %j, which is no JSON',
    async (text) => {
      expect(problemOf(await upload(api, text))).toEqual({
        status: 400,
        detail: 'auth_json must be valid JSON',
      })
    },
  )

  it('18: replaces what was stored, at a later time, in the same resource', async () => {
    await upload(api, SECRET)
    const { body } = await upload(api, '{"token":"v2"}')
    expect(body).toMatchObject({
      auth_json_sha256: V2_SHA,
      auth_json_updated_at: '2026-11-21T10:00:00.001Z',
    })
    expect((await api.store.list('UserRuntimeConfig')).items).toHaveLength(1)
  })

  it.each([
    {},
    { auth_json: 5 },
    { auth_json: { token: 'canary-secret' } },
    ['canary-secret'],
    'canary-secret',
  ])('19: refuses the body %j without repeating it', async (body) => {
    const answer = await api.call('POST', `${CODEX}/auth-json`, { body: JSON.stringify(body) })
    expect(answer.status).toBe(422)
    expect(answer.text).not.toContain('canary')
  })

  it.each([
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['NaN', '{"a":NaN}'],
    ['an integer of 5000 digits', `{"a":${'9'.repeat(5000)}}`],
    ['200 000 levels', `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
  ])('21: refuses %s and stores nothing', async (_what, text) => {
    expect((await upload(api, text)).status).toBe(400)
    expect((await api.store.list('UserRuntimeConfig')).items).toEqual([])
  })

  it('22: keeps every digit', async () => {
    await upload(api, '{"n":1.0,"big":12345678901234567890123}')
    expect(await openStoredDocument(api)).toBe('{\n  "big": 12345678901234567890123,\n  "n": 1.0\n}')
  })

  it('23: keeps keys that look like numbers or like a prototype', async () => {
    await upload(api, '{"__proto__":3,"9":2,"10":1}')
    expect(await openStoredDocument(api)).toBe('{\n  "10": 1,\n  "9": 2,\n  "__proto__": 3\n}')
  })

  it('25: shows neither ciphertext nor plaintext on any route', async () => {
    const put = { body: { proxy_url: 'http://u:canary-proxy@127.0.0.1:1' } }
    const answers = [
      await upload(api, '{"token":"canary-auth"}'),
      await api.call('PUT', '/users/me/proxy-config', put),
      await api.call('GET', '/users/me/proxy-config'),
      await api.call('PUT', CODEX, { body: { use_user_config: true, use_proxy: true } }),
      await api.call('GET', CODEX),
      await api.call('GET', '/users/me/runtime-configs'),
      await api.call('POST', `${CODEX}/sync`),
      await api.call('GET', '/users/me/devices'),
      await api.call('GET', '/v1/namespaces/default/userruntimeconfigs'),
      await api.call('GET', '/v1/namespaces/default/userproxyconfigs/default'),
    ]
    const { auth } = (await storedConfig(api)).spec
    const { proxy } = (await api.store.get('UserProxyConfig', { namespace: 'user-1', name: 'default' })).spec
    const forbidden = ['canary', 'encrypted', auth?.encryptedValue ?? '?', proxy?.encryptedUrl ?? '?']
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    for (const text of forbidden) expect(answers.filter((answer) => answer.text.includes(text))).toEqual([])
  })

  it('takes a document of exactly the limit, and no byte more', async () => {
    const exact = `{"a":"${'x'.repeat(524_288 - 8)}"}`
    expect(Buffer.byteLength(exact)).toBe(524_288)
    expect((await upload(api, exact)).status).toBe(200)
    expect(problemOf(await upload(api, `${exact} `))).toEqual({
      status: 400,
      detail: 'auth_json is too large',
    })
  })

  it('names the path that does not fit the schema of the runtime, never the value', async () => {
    await applyGemini(api, { maxBytes: 1000, schema: { type: 'object', required: ['token'] } })
    const answer = await api.call('POST', '/users/me/runtime-configs/gemini/auth-json', {
      body: { auth_json: '{"other":"canary"}' },
    })
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 'AUTH_SCHEMA', detail: expect.stringContaining('token') })
    expect(answer.text).not.toContain('canary')
  })

  it('changes no preference, keeps policies, and keeps both of two uploads at once whole', async () => {
    await api.call('POST', '/v1/namespaces/default/apply', {
      body: {
        apiVersion: 'agent.wecode.io/v1',
        kind: 'UserRuntimeConfig',
        metadata: { name: 'codex' },
        spec: {
          runtime: 'codex',
          suspend: true,
          auth: { format: 'json', targetPath: '~/.codex/auth.json', updatePolicy: 'IfStale' },
        },
      },
    })
    const answers = await Promise.all([upload(api, SECRET), upload(api, '{"token":"v2"}')])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    const { spec } = await storedConfig(api)
    expect(spec).toMatchObject({ suspend: true, auth: { updatePolicy: 'IfStale' } })
    expect([SECRET_SHA, V2_SHA]).toContain(spec.auth?.sha256)
    expect((await api.users.findByName('ada'))?.preferences).toEqual({})
  })
})

describe('deleting the document', () => {
  it('takes the document away and keeps the policies', async () => {
    await upload(api, SECRET)
    const before = await storedConfig(api)
    await api.store.update('UserRuntimeConfig', {
      ...before,
      spec: {
        ...before.spec,
        auth: {
          format: 'json',
          targetPath: '~/.codex/auth.json',
          ...before.spec.auth,
          removalPolicy: 'RemoveManaged',
        },
      },
    })
    const { status, body } = await api.call('DELETE', `${CODEX}/auth-json`)
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { configured: false, auth_json_sha256: null, auth_json_updated_at: null },
    })
    expect((await storedConfig(api)).spec).toEqual({
      runtime: 'codex',
      auth: { format: 'json', targetPath: '~/.codex/auth.json', removalPolicy: 'RemoveManaged' },
      updatedAt: '2026-11-21T10:00:00.001Z',
    })
  })

  it('is content when there is none, and makes no resource', async () => {
    expect((await api.call('DELETE', `${CODEX}/auth-json`)).status).toBe(200)
    expect((await api.store.list('UserRuntimeConfig')).items).toEqual([])
  })

  it('is followed by a later upload even if the clock was set back', async () => {
    await upload(api, SECRET)
    api.clock.jump(-3_600_000)
    expect((await upload(api, '{"token":"v2"}')).body).toMatchObject({
      auth_json_updated_at: '2026-11-21T10:00:00.001Z',
    })
  })
})

describe('a login in a Secret of the cluster', () => {
  const auth = {
    format: 'json',
    targetPath: '~/.codex/auth.json',
    updatePolicy: 'IfStale',
    secretRef: { name: 'login', key: 'auth.json' },
  } as const

  beforeEach(async () => {
    await api.store.create('UserRuntimeConfig', {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'UserRuntimeConfig',
      metadata: { namespace: 'user-1', name: 'codex' },
      spec: { runtime: 'codex', auth },
    })
  })

  it('counts as configured, and gives no digest: nobody reads it to show it', async () => {
    const shown = { configured: true, auth_json_sha256: null, auth_json_updated_at: null }
    const answer = await eventually('memory to show it', async () => {
      const { body } = await api.call('GET', CODEX)
      return (body as typeof shown).configured ? body : undefined
    })
    expect(answer).toMatchObject(shown)
  })

  it('gives way to one that is uploaded; policies stay', async () => {
    await upload(api, SECRET)
    const { secretRef: _, ...policies } = auth
    expect((await storedConfig(api)).spec.auth).toEqual({
      ...policies,
      encryptedValue: expect.any(String),
      sha256: SECRET_SHA,
      updatedAt: '2026-11-21T10:00:00.000Z',
    })
  })

  it('is not delivered any more once it is deleted; policies stay', async () => {
    expect(await api.call('DELETE', `${CODEX}/auth-json`)).toMatchObject({
      status: 200,
      body: { configured: false },
    })
    const { secretRef: _, ...policies } = auth
    expect((await storedConfig(api)).spec.auth).toEqual(policies)
  })
})
