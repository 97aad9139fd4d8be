import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import {
  applyGemini,
  CODEX,
  damageProxy,
  problemOf,
  saveProxy,
  setPreferences,
  storedPreferences,
  upload,
} from '#test/support/api-stories.ts'

const UNTOUCHED = {
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
}
const UNTOUCHED_CLAUDE = {
  ...UNTOUCHED,
  runtime: 'claude',
  display_name: 'Claude Code',
  target_path: '~/.claude/.credentials.json',
}

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
})

afterEach(() => api.stop())

describe('reading', () => {
  it('01: shows an untouched user exactly twelve keys', async () => {
    const { status, body } = await api.call('GET', CODEX)
    expect({ status, body }).toEqual({ status: 200, body: UNTOUCHED })
  })

  it('02: refuses a runtime nobody registered, with the text as given', async () => {
    const answer = await api.call('GET', '/users/me/runtime-configs/nope')
    expect(problemOf(answer)).toEqual({ status: 400, detail: 'Unsupported runtime: nope' })
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  })

  it.each(['CODEX', '%20Codex%20', 'codex%09'])('03: knows codex when it is written %s', async (name) => {
    const { status, body } = await api.call('GET', `/users/me/runtime-configs/${name}`)
    expect({ status, body }).toEqual({ status: 200, body: UNTOUCHED })
  })

  it.each([
    ['GET', '/users/me/runtime-configs'],
    ['GET', CODEX],
    ['PUT', CODEX],
    ['POST', `${CODEX}/auth-json`],
    ['DELETE', `${CODEX}/auth-json`],
    ['POST', `${CODEX}/import-device`],
    ['POST', `${CODEX}/sync`],
    ['GET', '/users/me/proxy-config'],
    ['PUT', '/users/me/proxy-config'],
    ['GET', '/users/me/devices'],
  ])('06: asks for a token on %s %s', async (method, path) => {
    const tokens = [null, 'garbled', api.token.slice(0, -4), `${api.token}x`]
    const answers = await Promise.all(tokens.map((token) => api.call(method, path, { token })))
    expect(answers.map((answer) => [answer.status, answer.headers.get('www-authenticate')])).toEqual(
      tokens.map(() => [401, 'Bearer']),
    )
  })

  it("07: keeps another user's login and proxy out of the answers", async () => {
    const grace = await api.tokenFor('grace')
    await upload(api, '{"token":"of-grace"}', grace)
    await saveProxy(api, 'http://grace:secret@127.0.0.1:7890', grace)
    expect((await api.call('GET', CODEX)).body).toEqual(UNTOUCHED)
    expect((await api.call('GET', CODEX, { token: grace })).body).toMatchObject({
      configured: true,
      proxy_url_masked: 'http://***:***@127.0.0.1:7890',
    })
  })

  it('lists every registered runtime, one that was just applied included', async () => {
    await applyGemini(api)
    const gemini = {
      ...UNTOUCHED,
      runtime: 'gemini',
      display_name: 'Gemini',
      target_path: '~/.gemini/oauth.json',
    }
    const { body } = await api.call('GET', '/users/me/runtime-configs')
    expect(body).toEqual({ items: [UNTOUCHED_CLAUDE, UNTOUCHED, gemini] })
    expect((await api.call('GET', '/users/me/runtime-configs/gemini')).body).toEqual(gemini)
  })

  it('answers the same under /api', async () => {
    const answers = await Promise.all([api.call('GET', CODEX), api.call('GET', `/api${CODEX}`)])
    expect(answers.map((answer) => answer.body)).toEqual([UNTOUCHED, UNTOUCHED])
  })

  it('creates nothing by reading', async () => {
    await api.call('GET', CODEX)
    await api.call('GET', '/users/me/runtime-configs')
    expect((await api.store.list('UserRuntimeConfig')).items).toEqual([])
    expect((await api.store.list('UserProxyConfig')).items).toEqual([])
    expect(await storedPreferences(api)).toEqual({})
  })
})

describe('a row that is not active', () => {
  it('08: is invisible', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'api-'))
    const path = join(folder, 'test.db')
    const onDisk = await startTestApi({}, path)
    try {
      await upload(onDisk, '{"token":"secret"}')
      const database = new DatabaseSync(path)
      database.exec("UPDATE kinds SET is_active = 0 WHERE kind = 'UserRuntimeConfig'")
      database.close()
      expect((await onDisk.call('GET', CODEX)).body).toEqual(UNTOUCHED)
    } finally {
      await onDisk.stop()
      await rm(folder, { recursive: true })
    }
  })
})

describe('switching', () => {
  const put = (body: unknown) => api.call('PUT', CODEX, { body })

  it('26: adds a switch and leaves every other preference', async () => {
    await setPreferences(api, { send_key: 'cmd_enter' })
    expect((await put({ use_user_config: true })).body).toEqual({ ...UNTOUCHED, use_user_config: true })
    expect(await storedPreferences(api)).toEqual({
      send_key: 'cmd_enter',
      runtime_configs: { codex: { use_user_config: true } },
    })
  })

  it('27: leaves unknown keys of the entry and other runtimes', async () => {
    const claude = { use_user_config: true, other: [1] }
    await setPreferences(api, { runtime_configs: { codex: { use_proxy: true, extra: 5 }, claude } })
    expect((await put({ use_user_config: false })).status).toBe(200)
    expect(await storedPreferences(api)).toEqual({
      runtime_configs: { codex: { use_proxy: true, extra: 5, use_user_config: false }, claude },
    })
  })

  it('29: switches both on when a proxy is saved', async () => {
    await saveProxy(api, 'http://127.0.0.1:7890')
    const { status, body } = await put({ use_user_config: true, use_proxy: true })
    expect({ status, body }).toMatchObject({ status: 200, body: { use_user_config: true, use_proxy: true } })
    expect(await storedPreferences(api)).toEqual({
      runtime_configs: { codex: { use_user_config: true, use_proxy: true } },
    })
  })

  it('30: switches the proxy off when none is saved', async () => {
    expect((await put({ use_user_config: true, use_proxy: false })).status).toBe(200)
    expect(await storedPreferences(api)).toEqual({
      runtime_configs: { codex: { use_user_config: true, use_proxy: false } },
    })
  })

  it.each([{}, { use_proxy: true }, { use_user_config: 'true' }, { use_user_config: 1 }, [], null])(
    '31: refuses the body %j',
    async (body) => {
      expect((await put(body)).status).toBe(422)
      expect(await storedPreferences(api)).toEqual({})
    },
  )

  it('33: does not take a text for a switch', async () => {
    await setPreferences(api, {
      runtime_configs: {
        codex: { use_user_config: 'false', use_proxy: 'true' },
        claude: { use_user_config: 1 },
      },
    })
    const { body } = await api.call('GET', '/users/me/runtime-configs')
    expect(body).toEqual({ items: [UNTOUCHED_CLAUDE, UNTOUCHED] })
  })

  it('treats an absent and a null use_proxy alike', async () => {
    await put({ use_user_config: true, use_proxy: null })
    expect(await storedPreferences(api)).toEqual({ runtime_configs: { codex: { use_user_config: true } } })
  })

  it('refuses a proxy that is not saved, and saves nothing at all', async () => {
    const answer = await put({ use_user_config: true, use_proxy: true })
    expect(problemOf(answer)).toEqual({ status: 400, detail: 'proxy is not configured' })
    expect(await storedPreferences(api)).toEqual({})
  })

  it('refuses a proxy that does not open', async () => {
    await saveProxy(api, 'http://127.0.0.1:7890')
    await damageProxy(api, 'damaged')
    const answer = await put({ use_user_config: true, use_proxy: true })
    expect(problemOf(answer)).toEqual({ status: 400, detail: 'proxy is not configured' })
  })

  it('refuses a proxy whose scheme the runtime does not support', async () => {
    await saveProxy(api, 'socks5://127.0.0.1:1080')
    const answer = await api.call('PUT', '/users/me/runtime-configs/claude', {
      body: { use_user_config: true, use_proxy: true },
    })
    expect(problemOf(answer)).toEqual({
      status: 400,
      detail: 'Claude Code supports http, https proxies only, and the saved one is socks5',
    })
    expect(await storedPreferences(api)).toEqual({})
  })

  it('loses nothing of twenty writers at once', async () => {
    const runtimes = ['codex', 'claude']
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        api.call('PUT', `/users/me/runtime-configs/${runtimes[index % 2]}`, {
          body: { use_user_config: true },
        }),
      ),
    )
    expect(await storedPreferences(api)).toEqual({
      runtime_configs: { codex: { use_user_config: true }, claude: { use_user_config: true } },
    })
  })
})
