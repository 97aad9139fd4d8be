import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { AppError } from '#core/errors.ts'
import { Problem } from '#protocol/problem.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { CODEX } from '#test/support/api-stories.ts'

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
})

afterEach(() => api.stop())

describe('paths and methods', () => {
  it.each(['/', '/nope', '/api', '/api/', '/api/api/users/me/devices', `${CODEX}/nope`, '//', '/%2e%2e'])(
    'finds nothing at %s',
    async (path) => {
      const answer = await api.call('GET', path)
      expect(answer.status).toBe(404)
      expect(Problem.parse(answer.body)).toMatchObject({ code: 'NOT_FOUND', status: 404 })
    },
  )

  it.each([
    ['POST', CODEX, 'GET, PUT, HEAD'],
    ['PATCH', CODEX, 'GET, PUT, HEAD'],
    ['OPTIONS', CODEX, 'GET, PUT, HEAD'],
    ['GET', `${CODEX}/auth-json`, 'POST, DELETE'],
    ['HEAD', `${CODEX}/auth-json`, 'POST, DELETE'],
    ['POST', '/livez', 'GET, HEAD'],
    ['PROPFIND', '/execution-requests/enrich', 'POST'],
  ])('refuses %s %s and says what is allowed', async (method, path, allow) => {
    const answer = await api.call(method, path)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
  })

  it.each(['%', '%ff', '%c0%af', '%ed%a0%80', '%zz'])('refuses the path part %s', async (part) => {
    const answer = await api.call('GET', `/users/me/runtime-configs/${part}`)
    expect(answer).toMatchObject({ status: 400, body: { code: 'REQUEST_MALFORMED' } })
  })

  it('bounds the address', async () => {
    const answer = await api.call('GET', `/users/me/runtime-configs/${'x'.repeat(8200)}`)
    expect(answer).toMatchObject({ status: 414, body: { code: 'URL_TOO_LONG' } })
  })
})

describe('bodies', () => {
  const put = (body: string, headers: Readonly<Record<string, string>> = {}) =>
    api.call('PUT', CODEX, { body, headers })

  it.each([
    ['broken JSON', '{"use_user_config":'],
    ['a trailing text', '{"use_user_config":true} x'],
    ['a byte-order mark', '\ufeff{"use_user_config":true}'],
    ['NaN', '{"use_user_config":NaN}'],
    ['101 levels', `{"a":${'['.repeat(101)}${']'.repeat(101)}}`],
    ['a million levels', '['.repeat(1_000_000)],
  ])('refuses %s', async (_what, body) => {
    expect(await put(body)).toMatchObject({ status: 400, body: { code: 'REQUEST_MALFORMED' } })
  })

  it.each([
    ['text/plain', {}],
    ['application/x-www-form-urlencoded', {}],
    ['application/json; charset=latin1', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
    ['nonsense', {}],
  ])('refuses the type %s', async (type, more) => {
    const answer = await put('{"use_user_config":true}', { 'content-type': type, ...more })
    expect(answer).toMatchObject({ status: 415, body: { code: 'MEDIA_TYPE_UNSUPPORTED' } })
  })

  it.each(['application/json; charset=UTF-8', 'APPLICATION/JSON', 'application/merge-patch+json'])(
    'takes the type %s',
    async (type) => {
      expect((await put('{"use_user_config":true}', { 'content-type': type })).status).toBe(200)
    },
  )

  it('names every place that is wrong, and what belongs there, never what stands there', async () => {
    const answer = await put('{"use_user_config":"canary","use_proxy":["canary"]}')
    expect(answer.body).toEqual({
      type: 'about:blank',
      title: 'Value is not valid',
      status: 422,
      detail: '/use_user_config: expected boolean; /use_proxy: expected boolean',
      code: 'INVALID',
      errors: [
        { path: '/use_user_config', message: 'expected boolean' },
        { path: '/use_proxy', message: 'expected boolean' },
      ],
    })
  })

  it('asks for a body', async () => {
    expect((await api.call('PUT', CODEX)).status).toBe(422)
  })
})

describe('every answer', () => {
  it.each(['/livez', '/nope', CODEX])('carries the headers of Helmet: %s', async (path) => {
    const { headers } = await api.call('GET', path)
    expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('strict-transport-security')).toContain('max-age')
    expect(headers.get('x-powered-by')).toBeNull()
  })

  it('may be kept only by the client, and only to ask again', async () => {
    expect((await api.call('GET', CODEX)).headers.get('cache-control')).toBe('private, no-cache')
    expect((await api.call('GET', '/nope')).headers.get('cache-control')).toBe('no-store')
  })
})

describe('a bug, or a store that is away', () => {
  async function withFailure(error: Error, run: (broken: TestApi) => Promise<void>): Promise<void> {
    const failing = {
      ...api.caches,
      users: {
        ...api.caches.users,
        get: () => {
          throw error
        },
      },
    }
    const broken = await startTestApi({ caches: failing })
    try {
      await run(broken)
    } finally {
      await broken.stop()
    }
  }

  it('is logged once and answered without a word of it', async () => {
    await withFailure(new Error('canary in a stack'), async (broken) => {
      const answer = await broken.call('GET', CODEX)
      expect(answer).toMatchObject({ status: 500, body: { code: 'INTERNAL', title: 'Internal error' } })
      expect(answer.text).not.toContain('canary')
      const errors = broken.log.filter(({ level }) => level === 'error')
      expect(errors).toMatchObject([
        { message: 'request failed', fields: { request: answer.headers.get('x-request-id') } },
      ])
    })
  })

  it('says when to try again while the store is away', async () => {
    await withFailure(new AppError('STORE_UNAVAILABLE', 'the store is away'), async (broken) => {
      const answer = await broken.call('GET', CODEX)
      expect(answer).toMatchObject({ status: 503, body: { detail: 'the store is away' } })
      expect(answer.headers.get('retry-after')).toBe('1')
    })
  })
})

describe('the OpenAPI document', () => {
  interface Operation {
    readonly operationId: string
    readonly responses: Readonly<Record<string, unknown>>
  }

  async function document() {
    const { body } = await api.call('GET', '/openapi.json', { token: null })
    return body as {
      readonly openapi: string
      readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
      readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
    }
  }

  function routesOfRouter(): readonly string[] {
    const layers = api.app.router.stack.flatMap(({ route }) => (route === undefined ? [] : [route]))
    return layers.flatMap((route) => {
      const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
      const methods = new Set(
        route.stack.map((layer) => layer.method).filter((method) => method !== undefined),
      )
      return [...methods].map((method) => `${method} ${path}`)
    })
  }

  it('lists each route of the router, and no other', async () => {
    const { paths } = await document()
    const listed = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    )
    expect(new Set(listed)).toEqual(new Set(routesOfRouter()))
    expect(listed.length).toBeGreaterThan(20)
  })

  it('refers only to shapes that are in it, and names each operation once', async () => {
    const whole = await document()
    const references = [...JSON.stringify(whole).matchAll(/"#\/components\/schemas\/([^"]+)"/g)]
    const names = new Set(references.map(([, name]) => name))
    expect(names).toEqual(new Set(Object.keys(whole.components.schemas)))
    const operations = Object.values(whole.paths).flatMap((path) => Object.values(path))
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
    expect(whole.openapi).toBe('3.1.0')
  })

  it('says what each route can refuse', async () => {
    const { paths } = await document()
    const statuses = Object.keys(
      paths['/users/me/runtime-configs/{runtime}/auth-json']?.['post']?.responses ?? {},
    )
    expect(statuses).toEqual(['200', '400', '401', '403', '412', '413', '415', '422', '429', '503'])
  })
})
