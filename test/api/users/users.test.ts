import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { startTestApi, type TestApi, type TestRequest } from '#test/support/api-server.ts'
import { CODEX, problemOf, setPreferences } from '#test/support/api-stories.ts'

let api: TestApi
let root: string

// Ada is there already; Grace, and Root who asks, come with their first requests.
beforeEach(async () => {
  api = await startTestApi()
  root = await api.tokenFor('root', ['admin'])
  await api.call('GET', CODEX, { token: await api.tokenFor('grace') })
})

afterEach(() => api.stop())

const asRoot = (method: string, path: string, request: TestRequest = {}) =>
  api.call(method, path, { token: root, ...request })

const put = (name: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  asRoot('PUT', `/users/${name}`, { body, headers })

const aUser = (name: string, id: number, isActive = true) => ({
  name,
  email: null,
  role: 'user',
  is_active: isActive,
  namespace: `user-${id}`,
})

describe('listing', () => {
  it('shows everybody by name, whoever came first, and whoever asks', async () => {
    await api.users.create({ name: 'Zoe', email: 'zoe@example.org', role: 'admin' })
    const zoe = { ...aUser('Zoe', 3), email: 'zoe@example.org', role: 'admin' }
    const { status, body } = await asRoot('GET', '/users')
    expect({ status, body }).toEqual({
      status: 200,
      body: { items: [zoe, aUser('ada', 1), aUser('grace', 2), { ...aUser('root', 4), role: 'admin' }] },
    })
  })

  it('shows nothing of what they prefer', async () => {
    await setPreferences(api, { canary: 'canary' })
    expect((await asRoot('GET', '/users')).text).not.toContain('canary')
    expect((await put('ada', { is_active: false })).text).not.toContain('canary')
  })
})

describe('who may', () => {
  it.each([['user'], ['execution'], ['device']] as const)('is nobody with the scope %s', async (scope) => {
    const token = await api.tokenFor('ada', [scope])
    expect((await api.call('GET', '/users', { token })).status).toBe(403)
    const answer = await api.call('PUT', '/users/grace', { token, body: { is_active: false } })
    expect(problemOf(answer)).toEqual({
      status: 403,
      detail: `expected a token with the scope admin, got one with ${scope}; use or make another token`,
    })
    expect((await api.users.findByName('grace'))?.isActive).toBe(true)
  })

  it('is nobody without a token', async () => {
    expect((await api.call('GET', '/users', { token: null })).status).toBe(401)
  })
})

describe('deactivating', () => {
  it('answers with the user as they are then, and is safe to repeat', async () => {
    const answers = [await put('grace', { is_active: false }), await put('grace', { is_active: false })]
    for (const { status, body } of answers) {
      expect({ status, body }).toEqual({ status: 200, body: aUser('grace', 2, false) })
    }
    expect((await asRoot('GET', '/users')).body).toMatchObject({
      items: [{ name: 'ada', is_active: true }, { name: 'grace', is_active: false }, { name: 'root' }],
    })
  })

  it('refuses every token of theirs from the next request on, and takes them again once activated', async () => {
    const grace = await api.tokenFor('grace')
    const execution = await api.tokenFor('grace', ['execution'])
    const enrich = () =>
      api.call('POST', '/execution-requests/enrich', {
        token: execution,
        body: { runtime: 'codex', model_config: {} },
      })
    const statuses = async () => [
      (await api.call('GET', CODEX, { token: grace })).status,
      (await enrich()).status,
    ]
    expect(await statuses()).toEqual([200, 200])
    await put('grace', { is_active: false })
    expect(await statuses()).toEqual([401, 401])
    expect(problemOf(await api.call('GET', CODEX, { token: grace }))).toEqual({
      status: 401,
      detail: 'the token is not good: its user is deactivated; ask an administrator',
    })
    await put('grace', { is_active: true })
    expect(await statuses()).toEqual([200, 200])
  })

  it('keeps what they stored and prefer', async () => {
    await setPreferences(api, { theme: 'dark' })
    await put('ada', { is_active: false })
    await put('ada', { is_active: true })
    expect((await api.users.findByName('ada'))?.preferences).toEqual({ theme: 'dark' })
  })

  it('is not for oneself; activating oneself changes nothing', async () => {
    expect(await put('root', { is_active: false })).toMatchObject({
      status: 409,
      body: {
        code: 'SELF_DEACTIVATION',
        detail: 'you cannot deactivate yourself; another administrator can, with a token of their own',
      },
    })
    expect(await put('root', { is_active: true })).toMatchObject({
      status: 200,
      body: { name: 'root', is_active: true },
    })
  })

  it.each(['nobody', 'Grace', 'grace%20', '%00', '1', 'user-2', 'x'.repeat(1000), '%F0%9F%98%80', 'me'])(
    'does not know %.20s',
    async (name) => {
      expect(problemOf(await put(name, { is_active: false }))).toEqual({
        status: 404,
        detail: 'there is no user of this name',
      })
    },
  )

  it('finds a name that needs escaping', async () => {
    await api.users.create({ name: 'me@büro/1 %' })
    const answer = await put(encodeURIComponent('me@büro/1 %'), { is_active: false })
    expect(answer).toMatchObject({ status: 200, body: { name: 'me@büro/1 %', is_active: false } })
  })

  it.each([undefined, null, [], {}, { is_active: null }, { is_active: 'false' }, { is_active: 0 }])(
    'refuses the body %j',
    async (body) => {
      expect((await put('grace', body)).status).toBe(422)
      expect((await api.users.findByName('grace'))?.isActive).toBe(true)
    },
  )

  it('writes down who did it to whom', async () => {
    await put('grace', { is_active: false })
    await put('grace', { is_active: true })
    await put('root', { is_active: false })
    const who = { user: 'root', token: expect.any(String), address: '127.0.0.1', request: expect.any(String) }
    expect(api.log.map(({ level, message, fields }) => ({ level, message, fields }))).toEqual(
      ['user.deactivate', 'user.activate'].map((audit) => ({
        level: 'info',
        message: 'audit',
        fields: { ...who, audit, name: 'grace' },
      })),
    )
  })
})

describe('If-Match', () => {
  it('takes the version of the list, or that of the user', async () => {
    const list = (await asRoot('GET', '/users')).headers.get('etag') ?? ''
    expect((await asRoot('GET', '/users', { headers: { 'if-match': list } })).status).toBe(200)
    const changed = await put('grace', { is_active: false }, { 'if-match': list })
    const user = changed.headers.get('etag') ?? ''
    expect([changed.status, list === user]).toEqual([200, false])
    expect((await put('grace', { is_active: true }, { 'if-match': list })).status).toBe(412)
    expect((await put('grace', { is_active: true }, { 'if-match': user })).status).toBe(200)
    expect((await put('grace', { is_active: false }, { 'if-match': user })).status).toBe(412)
    expect((await api.users.findByName('grace'))?.isActive).toBe(true)
  })

  it('lets one of two writers with the same version through', async () => {
    const ifMatch = (await asRoot('GET', '/users')).headers.get('etag') ?? ''
    const answers = await Promise.all(
      ['ada', 'grace'].map((name) => put(name, { is_active: false }, { 'if-match': ifMatch })),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 412]))
  })

  it('answers 304 while nothing changed', async () => {
    const headers = { 'if-none-match': (await asRoot('GET', '/users')).headers.get('etag') ?? '' }
    expect((await asRoot('GET', '/users', { headers })).status).toBe(304)
    await put('grace', { is_active: false })
    expect((await asRoot('GET', '/users', { headers })).status).toBe(200)
  })
})
