import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'

import { aDeviceReport } from '#test/support/api-devices.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import {
  openStoredDocument,
  saveProxy,
  storedConfig,
  storedProxy,
  upload,
} from '#test/support/api-stories.ts'

const PATH = '/v1/namespaces/default/apply'
const API_VERSION = 'agent.wecode.io/v1'

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
})

afterEach(() => api.stop())

function aConfig(spec: object = {}, metadata: object = {}) {
  return {
    apiVersion: API_VERSION,
    kind: 'UserRuntimeConfig',
    metadata: { name: 'codex', ...metadata },
    spec: { runtime: 'codex', ...spec },
  }
}

function anAuth(overrides: object = {}) {
  return { auth: { format: 'json', targetPath: '~/.codex/auth.json', ...overrides } }
}

const REF = { name: 'login', key: 'auth.json' }

const GEMINI = {
  apiVersion: API_VERSION,
  kind: 'Runtime',
  metadata: { name: 'gemini' },
  spec: {
    displayName: 'Gemini',
    auth: { targetPath: '~/.gemini/oauth.json', format: 'json', validation: { maxBytes: 1000 } },
  },
}

function apply(body: unknown, token = api.token, path = PATH) {
  return api.call('POST', path, { body, token })
}

/** Applies one manifest and gives what became of it. */
async function applyOne(manifest: unknown, token = api.token, path = PATH): Promise<unknown> {
  const { body } = await apply(manifest, token, path)
  return (body as { readonly results: readonly unknown[] }).results[0]
}

function failure(code: string, text: string): object {
  return { success: false, operation: 'failed', code, error: expect.stringContaining(text) }
}

describe('the answer', () => {
  it('99: one bad item does not stop the others', async () => {
    const bad = aConfig({}, { name: 'Not A Name' })
    const answer = await apply([bad, aConfig({ suspend: true })])
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 200,
      body: {
        success: false,
        message: 'Applied 1/2 resources',
        results: [
          {
            kind: 'UserRuntimeConfig',
            name: 'Not A Name',
            namespace: 'default',
            operation: 'failed',
            success: false,
            error: expect.stringContaining('metadata.name'),
            code: 'INVALID',
          },
          {
            kind: 'UserRuntimeConfig',
            name: 'codex',
            namespace: 'default',
            operation: 'created',
            success: true,
            error: null,
            code: null,
          },
        ],
      },
    })
    expect((await storedConfig(api)).spec.suspend).toBe(true)
  })

  it('99: lists as Kubernetes does', async () => {
    await apply(aConfig({ suspend: true }))
    const { body } = await api.call('GET', '/api/v1/namespaces/default/userruntimeconfigs')
    expect(body).toEqual({
      kind: 'UserRuntimeConfigList',
      apiVersion: API_VERSION,
      metadata: { resourceVersion: expect.any(String) },
      items: [
        {
          ...aConfig({ suspend: true, updatedAt: '2026-11-21T10:00:00.000Z' }),
          metadata: expect.objectContaining({ name: 'codex', namespace: 'default', generation: 1 }),
        },
      ],
    })
  })

  it.each([
    ['one object', aConfig()],
    ['an array', [aConfig()]],
    ['a List', { apiVersion: 'v1', kind: 'List', items: [aConfig()] }],
    ['a list of one kind', { kind: 'UserRuntimeConfigList', items: [aConfig()] }],
  ])('takes %s as JSON and as YAML', async (_what, document) => {
    const json = await apply(document)
    const yaml = await api.call('POST', PATH, {
      body: stringify(document),
      headers: { 'content-type': 'application/yaml' },
    })
    expect([json, yaml].map((answer) => answer.body)).toMatchObject([
      { success: true, message: 'Applied 1/1 resources', results: [{ operation: 'created' }] },
      { success: true, message: 'Applied 1/1 resources', results: [{ operation: 'unchanged' }] },
    ])
  })

  it('takes several YAML documents', async () => {
    const body = `---\n${stringify(aConfig())}---\n# nothing here\n---\n${stringify(aConfig({}, { name: 'x' }))}`
    const answer = await api.call('POST', PATH, { body, headers: { 'content-type': 'application/yaml' } })
    expect(answer.body).toMatchObject({ message: 'Applied 1/2 resources' })
  })

  it.each([
    ['no object', '[]'],
    ['nothing', ' '],
    ['broken YAML', 'a: [1'],
    ['broken JSON', '{"a":'],
    ['an alias bomb', aliasBomb()],
    ['a deep flow', '['.repeat(50_000)],
    ['a deep block', deepBlock(300)],
    ['a thousand and one objects', JSON.stringify(Array.from({ length: 1001 }, () => 1))],
  ])('refuses %s', async (_what, body) => {
    const answer = await api.call('POST', PATH, { body, headers: { 'content-type': 'application/yaml' } })
    expect(answer).toMatchObject({ status: 400, body: { code: 'REQUEST_MALFORMED' } })
  })

  it('refuses YAML that would take long to read', async () => {
    const body = `# ${'x'.repeat(65_536)}\na: 1`
    const answer = await api.call('POST', PATH, { body, headers: { 'content-type': 'application/yaml' } })
    expect(answer.status).toBe(413)
  })

  it.each([[null], [5], ['text'], [[]], [{}]])('refuses the item %j alone', async (item) => {
    expect(await applyOne([item])).toMatchObject(failure('INVALID', 'expected'))
  })
})

describe('what is sealed', () => {
  it('100: needs no ciphertext, keeps the stored one, and shows none', async () => {
    await upload(api, '{"token":"canary"}')
    const before = (await storedConfig(api)).spec.auth
    const shown = await api.call('GET', '/v1/namespaces/default/userruntimeconfigs/codex')
    expect(shown.text).not.toContain('encryptedValue')
    expect(shown.text).not.toContain('canary')
    const manifest = shown.body as { readonly spec: { readonly auth: object } }
    const again = { ...manifest, spec: { ...manifest.spec, suspend: true } }
    expect(await applyOne(again)).toMatchObject({ operation: 'updated' })
    const { spec } = await storedConfig(api)
    expect(spec).toMatchObject({ suspend: true, auth: before })
  })

  it('100: keeps the stored document when policies change', async () => {
    await upload(api, '{"token":"canary"}')
    const before = (await storedConfig(api)).spec.auth
    await apply(aConfig(anAuth({ updatePolicy: 'IfStale', removalPolicy: 'RemoveManaged' })))
    expect((await storedConfig(api)).spec.auth).toEqual({
      ...before,
      updatePolicy: 'IfStale',
      removalPolicy: 'RemoveManaged',
    })
  })

  it("100: cannot overwrite another user's resource", async () => {
    const grace = await api.tokenFor('grace')
    await upload(api, '{"token":"of-grace"}', grace)
    const before = await storedConfig(api, 'user-2')
    const named = await applyOne(aConfig({ suspend: true }, { namespace: 'user-2' }))
    expect(named).toMatchObject(failure('NOT_FOUND', 'namespace not found or access denied'))
    const addressed = await apply(aConfig({ suspend: true }), api.token, '/v1/namespaces/user-2/apply')
    expect(addressed.status).toBe(404)
    await apply(aConfig({ suspend: true }, { uid: before.metadata.uid }))
    expect(await storedConfig(api, 'user-2')).toEqual(before)
  })

  it('takes a ciphertext that was sealed for this very object', async () => {
    await upload(api, '{"token":"first"}')
    const first = (await storedConfig(api)).spec.auth?.encryptedValue
    await upload(api, '{"token":"second"}')
    const sha256 = '0'.repeat(64)
    expect(await applyOne(aConfig(anAuth({ encryptedValue: first, sha256 })))).toMatchObject({
      operation: 'updated',
    })
    expect(await openStoredDocument(api)).toContain('first')
    expect((await storedConfig(api)).spec.auth?.sha256).not.toBe(sha256)
  })

  it.each([
    ["another user's", 'user-2'],
    ['a made-up one', undefined],
  ])('refuses the ciphertext %s', async (_what, namespace) => {
    await upload(api, '{"token":"of-grace"}', await api.tokenFor('grace'))
    const copied = namespace && (await storedConfig(api, namespace)).spec.auth?.encryptedValue
    const manifest = aConfig(anAuth({ encryptedValue: copied ?? 'made-up', sha256: 'a'.repeat(64) }))
    expect(await applyOne(manifest)).toMatchObject(failure('INVALID', 'sealed for this very object'))
    await expect(storedConfig(api)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('keeps a saved proxy, and refuses one that was copied', async () => {
    await saveProxy(api, 'http://u:canary@h:80', await api.tokenFor('grace'))
    await saveProxy(api, 'http://u:canary@h:81')
    const before = await storedProxy(api)
    const shown = await api.call('GET', '/v1/namespaces/default/upc/default')
    expect(shown.text).not.toContain('encryptedUrl')
    expect(await applyOne(shown.body)).toMatchObject({ operation: 'unchanged' })
    const copied = { ...before, spec: (await storedProxy(api, 'user-2')).spec }
    const { namespace: _, resourceVersion: _version, uid: _uid, ...metadata } = copied.metadata
    expect(await applyOne({ ...copied, metadata })).toMatchObject(failure('INVALID', 'sealed for this'))
    expect(await storedProxy(api)).toEqual(before)
  })

  it('drops the copy that kubectl keeps in an annotation', async () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{"canary":1}', 'a.b/c': 'd' }
    await apply(aConfig({}, { annotations }))
    expect((await storedConfig(api)).metadata.annotations).toEqual({ 'a.b/c': 'd' })
  })
})

describe('what may be set', () => {
  it('ignores a status', async () => {
    await apply({ ...aConfig(), status: { lastHandledSyncRequest: 'x' } })
    expect((await storedConfig(api)).status).toBeUndefined()
  })

  it('refuses another target path, and a Secret of the cluster', async () => {
    expect(await applyOne(aConfig(anAuth({ targetPath: '~/.ssh/id_ed25519' })))).toMatchObject(
      failure('INVALID', 'spec.auth.targetPath'),
    )
    expect(await applyOne(aConfig(anAuth({ secretRef: { name: 'a', key: 'b' } })))).toMatchObject(
      failure('INVALID', 'spec.auth.secretRef'),
    )
  })

  it('says when a Secret came to be referred to, which makes it newer than what was stored before', async () => {
    const admin = await api.tokenFor('ada', ['user', 'admin'])
    await upload(api, '{"tokens":{}}')
    const uploadedAt = (await storedConfig(api)).spec.auth?.updatedAt ?? ''
    const manifest = aConfig(anAuth({ secretRef: REF }))
    await apply(manifest, admin)
    const referred = (await storedConfig(api)).spec.auth
    expect(referred).toEqual({
      ...anAuth({ secretRef: REF }).auth,
      updatedAt: expect.any(String),
    })
    expect(Date.parse(referred?.updatedAt ?? '')).toBeGreaterThan(Date.parse(uploadedAt))
    await apply(manifest, admin)
    expect((await storedConfig(api)).spec.auth).toEqual(referred)
  })

  it('leaves finalizers to the operator', async () => {
    await apply(aConfig({}, { finalizers: ['x.io/hold'], labels: { a: 'b' } }))
    const { metadata } = await storedConfig(api)
    expect([metadata.finalizers, metadata.labels]).toEqual([undefined, { a: 'b' }])
  })

  it('suspends a device of the user, and changes nothing else of it', async () => {
    const device = {
      apiVersion: API_VERSION,
      kind: 'Device' as const,
      metadata: { name: 'device-1', namespace: 'user-1' },
      spec: { deviceId: 'device-1', displayName: 'Laptop', deviceType: 'local' as const },
    }
    expect(await applyOne({ ...device, metadata: { name: 'device-1' } })).toMatchObject(
      failure('INVALID', 'made when it registers'),
    )
    await api.store.create('Device', { ...device, apiVersion: API_VERSION })
    const changed = { ...device.spec, displayName: 'Renamed', deviceType: 'remote', suspend: true }
    expect(await applyOne({ ...device, metadata: { name: 'device-1' }, spec: changed })).toMatchObject({
      operation: 'updated',
    })
    const stored = await api.store.get('Device', { namespace: 'user-1', name: 'device-1' })
    expect(stored.spec).toEqual({ ...device.spec, suspend: true })
    api.devices.add(aDeviceReport())
    expect((await api.call('GET', '/users/me/devices/device-1')).body).toMatchObject({ suspended: true })
  })

  it('is one write or none with a version of its own', async () => {
    await apply(aConfig())
    const { resourceVersion } = (await storedConfig(api)).metadata
    await apply(aConfig({ suspend: true }))
    expect(await applyOne(aConfig({}, { resourceVersion }))).toMatchObject(failure('CONFLICT', ''))
    expect((await storedConfig(api)).spec.suspend).toBe(true)
  })

  it('refuses a configuration for a runtime that does not exist: there would be no end to them', async () => {
    const manifest = { ...aConfig({ runtime: 'nothing' }), metadata: { name: 'nothing' } }
    expect(await applyOne(manifest)).toMatchObject(failure('RUNTIME_UNSUPPORTED', 'nothing'))
    expect((await api.store.list('UserRuntimeConfig')).items).toEqual([])
  })

  it('refuses an unknown kind, and one of the whole installation', async () => {
    expect(await applyOne({ ...aConfig(), kind: 'Pod' })).toMatchObject(failure('INVALID', 'kind'))
    expect(await applyOne({ ...aConfig(), kind: 'User' })).toMatchObject(failure('INVALID', 'kind'))
    expect(await applyOne(GEMINI)).toMatchObject(failure('FORBIDDEN', 'admin'))
    await expect(api.store.get('Runtime', { name: 'gemini' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('an administrator', () => {
  let admin: string

  beforeEach(async () => {
    admin = await api.tokenFor('root', ['admin'])
  })

  it('adds a runtime that works at once', async () => {
    expect(await applyOne(GEMINI, admin)).toMatchObject({ operation: 'created' })
    expect((await api.call('GET', '/users/me/runtime-configs/gemini')).status).toBe(200)
  })

  it("works in another user's namespace, without seeing what is sealed", async () => {
    await upload(api, '{"token":"canary"}')
    const path = '/v1/namespaces/user-1'
    const shown = await api.call('GET', `${path}/userruntimeconfigs/codex`, { token: admin })
    expect(shown.body).toMatchObject({ metadata: { namespace: 'user-1' } })
    expect(shown.text).not.toContain('encrypted')
    expect(await applyOne(aConfig({ suspend: true }), admin, `${path}/apply`)).toMatchObject({
      namespace: 'user-1',
      operation: 'updated',
    })
    expect((await storedConfig(api)).spec).toMatchObject({ suspend: true, auth: { format: 'json' } })
  })

  it.each(['user-99', 'nowhere', '..', 'user-1%00'])('finds no namespace %s', async (namespace) => {
    const path = `/v1/namespaces/${namespace}/userruntimeconfigs`
    expect((await api.call('GET', path, { token: admin })).status).toBe(404)
  })

  it('manages what is of the whole installation', async () => {
    await apply(GEMINI, admin)
    const list = await api.call('GET', '/v1/namespaces/default/runtimes', { token: admin })
    expect(list.body).toMatchObject({
      kind: 'RuntimeList',
      items: [{ metadata: { name: 'claude' } }, { metadata: { name: 'codex' } }, GEMINI],
    })
    expect((await api.call('DELETE', '/v1/namespaces/default/rt/gemini', { token: admin })).status).toBe(200)
    await expect(api.store.get('Runtime', { name: 'gemini' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

function aliasBomb(): string {
  const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]']
  for (let level = 1; level < 12; level += 1) {
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(',')}]`)
  }
  return lines.join('\n')
}

function deepBlock(depth: number): string {
  return Array.from({ length: depth }, (_, level) => `${' '.repeat(level)}a:`).join('\n')
}
