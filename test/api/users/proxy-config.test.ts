import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import {
  CODEX,
  damageProxy,
  openStoredProxy,
  problemOf,
  saveProxy,
  setPreferences,
  storedPreferences,
  storedProxy,
} from '#test/support/api-stories.ts'

const PATH = '/users/me/proxy-config'
const NONE = { configured: false, proxy_url_masked: '', proxy_updated_at: null, updated_at: null }
const NOW = '2026-11-21T10:00:00.000Z'

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
})

afterEach(() => api.stop())

describe('reading', () => {
  it('05: shows an untouched user no proxy, and creates nothing', async () => {
    const { status, body } = await api.call('GET', PATH)
    expect({ status, body }).toEqual({ status: 200, body: NONE })
    expect((await api.store.list('UserProxyConfig')).items).toEqual([])
  })

  it('48: shows a saved proxy, masked, with the runtime', async () => {
    await saveProxy(api, 'http://user:secret@127.0.0.1:7890')
    expect((await api.call('GET', CODEX)).body).toMatchObject({
      proxy_configured: true,
      proxy_url_masked: 'http://***:***@127.0.0.1:7890',
      proxy_updated_at: NOW,
    })
  })

  it('does not count a proxy that does not open', async () => {
    await saveProxy(api, 'http://user:secret@127.0.0.1:7890')
    await damageProxy(api, 'damaged')
    expect((await api.call('GET', PATH)).body).toEqual({
      configured: false,
      proxy_url_masked: '',
      proxy_updated_at: NOW,
      updated_at: NOW,
    })
  })
})

describe('saving', () => {
  it('35: seals the URL and shows it masked', async () => {
    const answer = await saveProxy(api, 'http://user:secret@127.0.0.1:7890')
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: {
        configured: true,
        proxy_url_masked: 'http://***:***@127.0.0.1:7890',
        proxy_updated_at: NOW,
        updated_at: NOW,
      },
    })
    expect(await openStoredProxy(api)).toBe('http://user:secret@127.0.0.1:7890')
    expect(answer.text).not.toContain('secret')
    expect(JSON.stringify(await storedProxy(api))).not.toContain('secret')
  })

  it('36: shows a URL without user-info as it is, and stores the documented resource', async () => {
    expect((await saveProxy(api, 'http://127.0.0.1:7890')).body).toMatchObject({
      proxy_url_masked: 'http://127.0.0.1:7890',
    })
    const { kind, metadata, spec } = await storedProxy(api)
    expect({ kind, name: metadata.name, sha256: spec.proxy?.sha256 }).toEqual({
      kind: 'UserProxyConfig',
      name: 'default',
      sha256: 'f1410cd719dcee161d171a3729c50bffabb9325546e31867d85db2b0773db22e',
    })
  })

  it('37: trims the text around the URL', async () => {
    await saveProxy(api, '  socks5://127.0.0.1:1080  ')
    expect((await storedProxy(api)).spec.proxy?.sha256).toBe(
      '47da0319a8a17aa00ca2c3c39e4e5d4a8fddffae3c30a0dc6fea85660a080abf',
    )
  })

  it.each(['ftp://127.0.0.1:7890', 'socks4://h:1', 'socks5h://h:1080', '127.0.0.1:7890', '//h:80'])(
    '39: refuses the scheme of %s',
    async (url) => {
      expect(problemOf(await saveProxy(api, url))).toEqual({
        status: 400,
        detail: 'proxy_url scheme must be http, https, or socks5',
      })
    },
  )

  it.each(['http://h', 'http://:80', 'http://h:0'])('40: asks for host and port in %s', async (url) => {
    expect(problemOf(await saveProxy(api, url))).toEqual({
      status: 400,
      detail: 'proxy_url must include host and port',
    })
  })

  it.each(['http://h:65536', 'http://h:abc', 'http://h:-1'])('41: refuses the port of %s', async (url) => {
    expect(problemOf(await saveProxy(api, url))).toEqual({ status: 400, detail: 'proxy_url port is invalid' })
  })

  it.each([
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['http://u:p@[::1]:8080', 'http://***:***@[::1]:8080'],
    ['http://u:p@H.Example:80/x', 'http://***:***@h.example:80/x'],
  ])('43: shows %s as %s', async (url, masked) => {
    expect((await saveProxy(api, url)).body).toMatchObject({ configured: true, proxy_url_masked: masked })
    expect(await openStoredProxy(api)).toBe(url)
  })

  it.each(['http://[::1:80', 'http://]:80', 'http://h:1\\@x', 'http://%zz:80'])(
    '44: refuses %s with a reason',
    async (url) => {
      expect(await saveProxy(api, url)).toMatchObject({ status: 400, body: { code: 'PROXY_INVALID' } })
      expect((await api.store.list('UserProxyConfig')).items).toEqual([])
    },
  )

  it('47: changes no switch', async () => {
    const preferences = { runtime_configs: { codex: { use_proxy: false }, claude: { use_proxy: true } } }
    await setPreferences(api, preferences)
    await saveProxy(api, 'http://127.0.0.1:7890')
    await saveProxy(api, 'http://127.0.0.1:7891')
    expect(await storedPreferences(api)).toEqual(preferences)
  })

  it.each(['x'.repeat(2049), 'http://h h:80'])('refuses %s without repeating it', async (url) => {
    const answer = await saveProxy(api, url)
    expect(answer.status).toBe(400)
    expect(answer.text).not.toContain(url)
  })

  it('replaces a proxy that does not open any more', async () => {
    await saveProxy(api, 'http://127.0.0.1:7890')
    await damageProxy(api, 'damaged')
    expect((await saveProxy(api, 'http://127.0.0.1:7891')).body).toMatchObject({ configured: true })
    expect(await openStoredProxy(api)).toBe('http://127.0.0.1:7891')
  })
})

describe('clearing', () => {
  it.each([{ proxy_url: '' }, { proxy_url: '  \t' }, {}])(
    '45: %j takes the proxy away and switches it off for every runtime',
    async (body) => {
      await saveProxy(api, 'http://127.0.0.1:7890')
      await setPreferences(api, {
        runtime_configs: {
          codex: { use_user_config: true, use_proxy: true },
          claude: { use_proxy: true, extra: 1 },
          gemini: { use_user_config: true },
        },
      })
      const answer = await api.call('PUT', PATH, { body })
      expect({ status: answer.status, body: answer.body }).toEqual({
        status: 200,
        body: { ...NONE, updated_at: '2026-11-21T10:00:00.001Z' },
      })
      expect(await storedPreferences(api)).toEqual({
        runtime_configs: {
          codex: { use_user_config: true, use_proxy: false },
          claude: { use_proxy: false, extra: 1 },
          gemini: { use_user_config: true },
        },
      })
      expect((await storedProxy(api)).spec).toEqual({ updatedAt: '2026-11-21T10:00:00.001Z' })
    },
  )

  it('is content when there is none, and makes no resource', async () => {
    expect((await saveProxy(api, '')).body).toEqual(NONE)
    expect((await api.store.list('UserProxyConfig')).items).toEqual([])
  })
})
