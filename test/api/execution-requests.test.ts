import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { damageProxy, problemOf, saveProxy, setPreferences, upload } from '#test/support/api-stories.ts'

const PATH = '/execution-requests/enrich'
const PROXY = 'http://user:secret@127.0.0.1:7890'
const RESPONSES = { model: 'openai', protocol: 'openai-responses' }
const STATE = {
  use_user_config: true,
  configured: true,
  target_path: '~/.codex/auth.json',
  auth_json_sha256: '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  use_proxy: true,
  proxy_configured: true,
}

let api: TestApi
let backEnd: string

beforeEach(async () => {
  api = await startTestApi()
  backEnd = await api.tokenFor('ada', ['execution'])
  await upload(api, '{}')
  await saveProxy(api, PROXY)
  await switchTo({ use_user_config: true, use_proxy: true })
})

afterEach(() => api.stop())

function switchTo(codex: object): Promise<void> {
  return setPreferences(api, { runtime_configs: { codex } })
}

function enrich(body: unknown, headers: Readonly<Record<string, string>> = {}) {
  return api.call('POST', PATH, { body, token: backEnd, headers })
}

async function enrichModel(model: object): Promise<unknown> {
  return (await enrich({ model_config: model })).body
}

describe('which requests', () => {
  it.each([
    { model: 'openai', api_format: 'chat/completions' },
    { model: 'claude', api_format: 'responses' },
    { model: 'openai' },
    {},
  ])('82: hands %j back unchanged', async (model) => {
    expect(await enrichModel(model)).toEqual({ model_config: model })
  })

  it.each([
    { model: 'openai', protocol: 'openai-responses' },
    { model: 'OpenAI', wire_api: 'responses' },
    { model: 'OpenAI', apiFormat: 'Responses' },
    { model: 'OPENAI', api_format: 'RESPONSES' },
  ])('83: enriches %j', async (model) => {
    expect(await enrichModel(model)).toEqual({
      model_config: { ...model, runtime_config: { codex: STATE }, proxy: { url: PROXY } },
      proxy: { url: PROXY },
    })
  })

  it('enriches the runtime that the request names', async () => {
    const { body } = await enrich({ runtime: ' Claude ', model_config: { model: 'x' } })
    expect(body).toEqual({
      runtime: ' Claude ',
      model_config: {
        model: 'x',
        runtime_config: {
          claude: {
            use_user_config: false,
            configured: false,
            target_path: '~/.claude/.credentials.json',
            auth_json_sha256: null,
            use_proxy: false,
            proxy_configured: true,
          },
        },
      },
    })
  })

  it('refuses a runtime nobody registered', async () => {
    expect(problemOf(await enrich({ runtime: 'nope', model_config: {} }))).toEqual({
      status: 400,
      detail: 'Unsupported runtime: nope',
    })
  })
})

describe('what is added', () => {
  it('84: lets explicit credentials stand for themselves, and keeps the proxy', async () => {
    const model = { ...RESPONSES, base_url: 'https://api.example', api_key: 'key' }
    expect(await enrichModel(model)).toMatchObject({
      model_config: { runtime_config: { codex: { use_user_config: false, use_proxy: true } } },
      proxy: { url: PROXY },
    })
  })

  it.each([{ base_url: 'https://api.example' }, { api_key: 'key' }, { base_url: ' ', api_key: 'key' }])(
    '84: does not count %j as credentials',
    async (part) => {
      expect(await enrichModel({ ...RESPONSES, ...part })).toMatchObject({
        model_config: { runtime_config: { codex: { use_user_config: true } } },
      })
    },
  )

  it('85: leaves out a proxy that is switched off', async () => {
    await switchTo({ use_user_config: true, use_proxy: false })
    expect(await enrichModel(RESPONSES)).toEqual({
      model_config: { ...RESPONSES, runtime_config: { codex: { ...STATE, use_proxy: false } } },
    })
  })

  it('85: leaves out a proxy that is not saved', async () => {
    const grace = await api.tokenFor('grace', ['execution'])
    await api.call('GET', '/users/me/proxy-config', { token: await api.tokenFor('grace') })
    await setPreferences(api, { runtime_configs: { codex: { use_proxy: true } } }, 'grace')
    const { body } = await api.call('POST', PATH, { body: { model_config: RESPONSES }, token: grace })
    expect(body).toEqual({
      model_config: {
        ...RESPONSES,
        runtime_config: {
          codex: {
            use_user_config: false,
            configured: false,
            target_path: '~/.codex/auth.json',
            auth_json_sha256: null,
            use_proxy: true,
            proxy_configured: false,
          },
        },
      },
    })
  })

  it('51: leaves out a proxy that does not open, counts it, and says so in readiness', async () => {
    await damageProxy(api, 'damaged')
    expect(await enrichModel(RESPONSES)).toEqual({
      model_config: { ...RESPONSES, runtime_config: { codex: { ...STATE, proxy_configured: false } } },
    })
    const { text } = await api.call('GET', '/metrics', { token: null })
    expect(text).toContain('runtimeconfig_sealed_values_unopened_total{kind="proxy"} 1')
    expect((await api.call('GET', '/readyz', { token: null })).body).toMatchObject({
      checks: [{ name: 'store' }, { name: 'keyring', ok: true, message: expect.stringContaining('1') }],
    })
  })

  it('86: keeps the other keys of a proxy and other runtimes', async () => {
    const claude = { use_user_config: true, own: [1] }
    const model = { ...RESPONSES, proxy: { x: 1 }, runtime_config: { claude } }
    expect(await enrich({ proxy: { y: 2 }, model_config: model })).toMatchObject({
      body: {
        proxy: { y: 2, url: PROXY },
        model_config: { proxy: { x: 1, url: PROXY }, runtime_config: { claude, codex: STATE } },
      },
    })
  })

  it('keeps unknown fields as they were written, numbers and odd keys included', async () => {
    const text =
      '{"task":{"n":1.0,"big":12345678901234567890123,"__proto__":{"a":-0}},"model_config":{"model":"x","temperature":0.70}}'
    expect((await enrich(text)).text).toBe(text)
  })

  it('is never kept by a cache on the way', async () => {
    const { headers } = await enrich({ model_config: RESPONSES })
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('etag')).toBeNull()
  })

  it('holds no login', async () => {
    await upload(api, '{"token":"canary"}')
    expect((await enrich({ model_config: RESPONSES })).text).not.toContain('canary')
  })
})

describe('who may ask', () => {
  it.each([['user'], ['admin']] as const)('refuses the scope %s', async (scope) => {
    const token = await api.tokenFor('ada', [scope])
    expect((await api.call('POST', PATH, { body: { model_config: {} }, token })).status).toBe(403)
  })

  it('acts for the user in X-On-Behalf-Of', async () => {
    const other = await api.tokenFor('back-end', ['execution'])
    const request = { body: { model_config: RESPONSES }, token: other }
    const own = await api.call('POST', PATH, request)
    const ada = await api.call('POST', PATH, { ...request, headers: { 'X-On-Behalf-Of': 'ada' } })
    expect(own.body).toMatchObject({ model_config: { runtime_config: { codex: { configured: false } } } })
    expect(ada.body).toMatchObject({ model_config: { runtime_config: { codex: STATE } } })
  })

  it('knows a name beyond ASCII, sent as UTF-8', async () => {
    await api.users.create({ name: 'Zoë 中' })
    const header = Buffer.from('Zoë 中').toString('latin1')
    expect((await enrich({ model_config: RESPONSES }, { 'X-On-Behalf-Of': header })).status).toBe(200)
    await api.users.create({ name: 'Zoë' })
    expect((await enrich({ model_config: RESPONSES }, { 'X-On-Behalf-Of': 'Zoë' })).status).toBe(200)
  })

  it('does not know a user who is not there, or not active', async () => {
    await api.users.setActive((await api.users.create({ name: 'gone' })).id, false)
    const answers = await Promise.all(
      ['nobody', 'gone'].map((name) => enrich({ model_config: RESPONSES }, { 'X-On-Behalf-Of': name })),
    )
    expect(answers.map((answer) => answer.status)).toEqual([404, 404])
  })

  it.each([{}, { model_config: 5 }, { model_config: { model: 5 } }, [], null])(
    'refuses the body %j',
    async (body) => {
      expect((await enrich(body)).status).toBe(422)
    },
  )
})
