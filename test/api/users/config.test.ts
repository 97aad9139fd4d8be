import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { Secret } from '#core/secret.ts'
import { layerPlace } from '#secrets/places.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { applyGemini, CODEX, problemOf, upload } from '#test/support/api-stories.ts'
import {
  anEdit,
  applyManaged,
  CONFIG,
  edit,
  EMPTY_VERSION,
  storedText,
  storeText,
  USER_LAYER,
} from '#test/support/layered-config.ts'

const HEX_VERSION = /^sha256:[0-9a-f]{64}$/
const CANARY = 'sk-canary-7f3a'

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
})

afterEach(() => api.stop())

interface View {
  readonly config: Readonly<Record<string, unknown>>
  readonly origins: Readonly<Record<string, { readonly name: object; readonly version: string }>>
  readonly layers?: readonly { readonly name: object; readonly version: string; readonly config: object }[]
}

async function show(token = api.token): Promise<View> {
  return (await api.call('GET', `${CONFIG}?include=layers`, { token })).body as View
}

describe('showing', () => {
  it('gives an empty configuration to a user who set nothing, and makes nothing', async () => {
    expect((await api.call('GET', `${CONFIG}?include=layers`)).body).toEqual({
      config: {},
      origins: {},
      layers: [{ name: USER_LAYER, version: EMPTY_VERSION, config: {} }],
    })
    expect((await api.store.list('UserRuntimeConfig')).items).toEqual([])
  })

  it('gives layers only when they are asked for', async () => {
    expect((await api.call('GET', CONFIG)).body).toEqual({ config: {}, origins: {} })
    expect(problemOf(await api.call('GET', `${CONFIG}?include=secrets`))).toEqual({
      status: 400,
      detail: 'include: expected layers, or no such parameter',
    })
  })

  it('merges what administrators set over what the user set, and says who supplies each setting', async () => {
    await edit(api, [anEdit('model', 'mine'), anEdit('x', { a: 1, b: 2 })])
    await applyManaged(api, { name: 'a', config: 'model = "company"\nx.b = 3\n' })
    await applyManaged(api, { name: 'b', config: 'model = "later"\n' })
    const { config, origins, layers = [] } = await show()
    expect(config).toEqual({ model: 'later', x: { a: 1, b: 3 } })
    expect(Object.entries(origins).map(([key, { name }]) => [key, name])).toEqual([
      ['model', { type: 'managedRuntimeConfig', name: 'b' }],
      ['x.a', USER_LAYER],
      ['x.b', { type: 'managedRuntimeConfig', name: 'a' }],
    ])
    expect(layers.map(({ name, config }) => [name, config])).toEqual([
      [{ type: 'managedRuntimeConfig', name: 'b' }, { model: 'later' }],
      [
        { type: 'managedRuntimeConfig', name: 'a' },
        { model: 'company', x: { b: 3 } },
      ],
      [USER_LAYER, { model: 'mine', x: { a: 1, b: 2 } }],
    ])
    expect(layers.every(({ version }) => HEX_VERSION.test(version))).toBe(true)
  })

  it('applies only what selects this user and this runtime', async () => {
    await applyManaged(api, { name: 'a', config: 'a = 1', selector: { users: ['linus'] } })
    await applyManaged(api, { name: 'b', config: 'b = 1', selector: { matchLabels: { team: 'red' } } })
    await applyManaged(api, { name: 'c', config: 'c = 1', selector: { users: ['ada'] } })
    const noLabel = { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' as const }] }
    await applyManaged(api, { name: 'd', config: 'd = 1', selector: noLabel })
    await applyManaged(api, { name: 'e', runtime: 'claude', requirements: '' })
    expect((await show()).config).toEqual({ c: 1, d: 1 })
    expect((await show(await api.tokenFor('linus'))).config).toEqual({ a: 1, d: 1 })
  })

  it('keeps numbers exact', async () => {
    await applyManaged(api, { config: 'a = 9223372036854775807\nb = 1.0\nc = 1\nd = 1e300\ne = 1979-05-27' })
    const { text } = await api.call('GET', CONFIG)
    expect(text).toContain('{"a":9223372036854775807,"b":1.0,"c":1,"d":1e+300,"e":"1979-05-27"}')
  })

  it('gives each setting that applies exactly one origin, whatever its key', async () => {
    await applyManaged(api, { config: '"a.b" = 1\n[a]\nb = 2\n[__proto__]\nx = 1\n' })
    const { text } = await api.call('GET', CONFIG)
    const { origins } = JSON.parse(text) as View
    expect(Object.keys(origins).toSorted()).toEqual(['"a.b"', '__proto__.x', 'a.b'])
  })

  it('lets nobody keep the answer, and tells whether it changed', async () => {
    const first = await api.call('GET', CONFIG)
    expect(first.headers.get('cache-control')).toBe('no-store')
    const etag = first.headers.get('etag') ?? ''
    expect((await api.call('GET', CONFIG, { headers: { 'if-none-match': etag } })).status).toBe(304)
    await edit(api, [anEdit('model', 'mine')])
    expect((await api.call('GET', CONFIG, { headers: { 'if-none-match': etag } })).status).toBe(200)
    expect((await api.call('GET', CONFIG, { headers: { 'if-match': etag } })).status).toBe(412)
  })

  it('is for its user alone', async () => {
    await edit(api, [anEdit('model', CANARY)])
    expect((await show(await api.tokenFor('linus'))).config).toEqual({})
    expect((await api.call('GET', CONFIG, { token: null })).status).toBe(401)
    const admin = await api.tokenFor('root', ['admin'])
    expect((await api.call('GET', CONFIG, { token: admin })).status).toBe(403)
  })
})

describe('editing', () => {
  it('stores the edits and answers with the version that the next read reports', async () => {
    const { status, body } = await edit(api, [anEdit('model', 'gpt-5'), anEdit('x.y', [1, 2.5, true])])
    expect([status, body]).toEqual([
      200,
      { status: 'ok', version: expect.stringMatching(HEX_VERSION), overriddenMetadata: null },
    ])
    const { config, layers } = await show()
    expect(config).toEqual({ model: 'gpt-5', x: { y: [1, 2.5, true] } })
    expect((body as { version: string }).version).toBe(layers?.[0]?.version)
  })

  it('makes the resource without a login, and shows it as not configured', async () => {
    await edit(api, [anEdit('model', 'gpt-5')])
    expect((await api.call('GET', CODEX)).body).toMatchObject({ configured: false, auth_json_sha256: null })
    const { spec } = await api.store.get('UserRuntimeConfig', { namespace: 'user-1', name: 'codex' })
    expect(spec).toEqual({
      runtime: 'codex',
      config: {
        format: 'toml',
        encryptedValue: expect.stringMatching(/^ey/),
        version: expect.stringMatching(HEX_VERSION),
        updatedAt: '2026-11-21T10:00:00.000Z',
      },
      updatedAt: '2026-11-21T10:00:00.000Z',
    })
  })

  it('leaves the login alone, and is left alone by it', async () => {
    await upload(api, '{"token":"one"}')
    await edit(api, [anEdit('model', 'gpt-5')])
    expect((await api.call('GET', CODEX)).body).toMatchObject({ configured: true })
    await upload(api, '{"token":"two"}')
    await api.call('DELETE', `${CODEX}/auth-json`)
    expect((await api.call('GET', CODEX)).body).toMatchObject({ configured: false })
    expect(await storedText(api)).toBe('model = "gpt-5"\n')
  })

  it('keeps comments, order and spelling of what it does not touch', async () => {
    await edit(api, [anEdit('model', 'x')])
    await storeText(api, '# my settings\nb   =  0x10 # hex\n\n[t] # table\na = 1\n# end\n')
    await edit(api, [anEdit('t.a', 2), anEdit('t.c', 'new')])
    expect(await storedText(api)).toBe(
      '# my settings\nb   =  0x10 # hex\n\n[t] # table\na = 2\nc = "new"\n# end\n',
    )
  })

  it('tells 1 from 1.0, and keeps every digit', async () => {
    const body =
      '{"edits":[{"keyPath":"i","value":1,"mergeStrategy":"replace"},{"keyPath":"f","value":1.0,"mergeStrategy":"replace"},{"keyPath":"big","value":9223372036854775807,"mergeStrategy":"replace"}]}'
    expect((await api.call('PUT', CONFIG, { body })).status).toBe(200)
    expect(await storedText(api)).toBe('i = 1\nf = 1.0\nbig = 9223372036854775807\n')
    const { text } = await api.call('GET', CONFIG)
    expect(text).toContain('{"i":1,"f":1.0,"big":9223372036854775807}')
  })

  it('takes a setting away with null, and merges tables with upsert', async () => {
    await edit(api, [anEdit('x', { a: 1, b: 2 })])
    await edit(api, [anEdit('x', { b: 3, c: 4 }, 'upsert'), anEdit('x.a', null)])
    expect((await show()).config).toEqual({ x: { b: 3, c: 4 } })
  })

  it('writes nothing when nothing changes', async () => {
    await edit(api, [anEdit('model', 'gpt-5')])
    const before = await api.store.get('UserRuntimeConfig', { namespace: 'user-1', name: 'codex' })
    const { body } = await edit(api, [anEdit('model', 'gpt-5')])
    expect(body).toEqual({ status: 'ok', version: before.spec.config?.version, overriddenMetadata: null })
    expect(await api.store.get('UserRuntimeConfig', { namespace: 'user-1', name: 'codex' })).toEqual(before)
    expect(api.log.filter(({ fields }) => fields['audit'] === 'config.write')).toHaveLength(1)
  })

  it('creates nothing when there is nothing to take away', async () => {
    expect((await edit(api, [anEdit('model', null)])).body).toMatchObject({ status: 'ok' })
    expect((await api.store.list('UserRuntimeConfig')).items).toEqual([])
  })

  it('says when another layer still wins, and what applies instead', async () => {
    await applyManaged(api, { config: 'model = "company"' })
    const managed = (await show()).layers?.[0]
    expect((await edit(api, [anEdit('model', 'mine')])).body).toEqual({
      status: 'okOverridden',
      version: expect.stringMatching(HEX_VERSION),
      overriddenMetadata: {
        message: expect.stringContaining('company'),
        overridingLayer: {
          name: { type: 'managedRuntimeConfig', name: 'company' },
          version: managed?.version,
        },
        effectiveValue: 'company',
      },
    })
  })

  it('works for a runtime nobody knows more of than where its file is', async () => {
    const path = '/users/me/runtime-configs/gemini/config'
    await applyGemini(api)
    expect(problemOf(await api.call('GET', path))).toEqual({
      status: 400,
      detail: 'Gemini has no config file here: the Runtime gemini has no spec.config',
    })
    expect((await edit(api, [anEdit('a', 1)], { path })).body).toMatchObject({ code: 'CONFIG_UNSUPPORTED' })
    const runtime = await api.store.get('Runtime', { name: 'gemini' })
    const config = { path: '~/.gemini/settings.json', format: 'json' as const }
    await api.store.update('Runtime', { ...runtime, spec: { ...runtime.spec, config } })
    await expect
      .poll(async () => (await edit(api, [anEdit('theme.dark', true)], { path })).body)
      .toMatchObject({ status: 'ok' })
    expect(await storedText(api, 'gemini')).toBe('{\n  "theme": {\n    "dark": true\n  }\n}\n')
    expect((await api.call('GET', path)).body).toMatchObject({ config: { theme: { dark: true } } })
  })
})

describe('two writers', () => {
  it('with the same expected version: one gets configVersionConflict, and nothing is lost', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        edit(api, [anEdit(`k${at}`, at)], { expectedVersion: EMPTY_VERSION }),
      ),
    )
    const won = answers.flatMap(({ status }, at) => (status === 200 ? [at] : []))
    expect(won).toHaveLength(1)
    const lost = answers.filter(({ status }) => status !== 200)
    expect(lost.map(({ status, body }) => [status, (body as { code: string }).code])).toEqual(
      lost.map(() => [409, 'configVersionConflict']),
    )
    expect((await show()).config).toEqual({ [`k${won[0]}`]: won[0] })
  })

  it('without one: both are there', async () => {
    await Promise.all(Array.from({ length: 12 }, (_, at) => edit(api, [anEdit(`k${at}`, at)])))
    const expected = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`k${at}`, at]))
    expect((await show()).config).toEqual(expected)
  })

  it.each(['', 'garbage', `sha256:${'0'.repeat(64)}`])(
    'are refused for the version %j',
    async (expectedVersion) => {
      const answer = await edit(api, [anEdit('a', 1)], { expectedVersion })
      expect([answer.status, (answer.body as { code: string }).code]).toEqual([409, 'configVersionConflict'])
    },
  )

  it('go on from the version of the last answer', async () => {
    let expectedVersion: unknown = null
    for (const value of [1, 2, 3]) {
      const { body } = await edit(api, [anEdit('a', value)], { expectedVersion })
      expect(body).toMatchObject({ status: 'ok' })
      expectedVersion = (body as { version: string }).version
    }
  })

  it('may use If-Match as everywhere, with the tag of either answer', async () => {
    const etag = (await api.call('GET', CONFIG)).headers.get('etag') ?? ''
    const put = (tag: string, value: number) =>
      api.call('PUT', CONFIG, { body: { edits: [anEdit('a', value)] }, headers: { 'if-match': tag } })
    const written = await put(etag, 1)
    expect(written.status).toBe(200)
    expect((await put(etag, 2)).status).toBe(412)
    expect((await put(written.headers.get('etag') ?? '', 3)).status).toBe(200)
    expect((await api.call('GET', CONFIG)).headers.get('etag')).not.toBe(written.headers.get('etag'))
  })
})

describe('a refused edit', () => {
  it.each([
    ['an empty key path', anEdit(' ', 1)],
    ['a key path with an open quote', anEdit('"a', 1)],
    ['null inside a value', anEdit('a', { b: [null] })],
    ['a scalar in the way', anEdit('scalar.a', 1)],
    ['a value of the wrong kind', anEdit('model', 5)],
    ['a key that this release does not write', anEdit('profile', 'p')],
  ])('names %s and never the value', async (_why, refused) => {
    await edit(api, [anEdit('scalar', CANARY)])
    const before = await storedText(api)
    const answer = await edit(api, [anEdit('other', CANARY), refused])
    expect(answer.body).toMatchObject({ status: 400, code: 'configValidationError' })
    const { keyPath } = refused as { readonly keyPath: string }
    expect((answer.body as { readonly detail: string }).detail).toContain(keyPath.replaceAll('"', '\\"'))
    expect(answer.text).not.toContain(CANARY)
    expect(await storedText(api)).toBe(before)
  })

  it.each(['100000000000000000000000', '9223372036854775808', '1e999'])(
    'names an integer or float beyond 64 bits: %s',
    async (number) => {
      const body = `{"edits":[{"keyPath":"a.b","value":${number},"mergeStrategy":"replace"}]}`
      const answer = await api.call('PUT', CONFIG, { body })
      expect(answer.body).toMatchObject({ status: 400, code: 'configValidationError' })
      expect(answer.text).not.toContain(number)
    },
  )

  it('names what a requirement allows, and whose it is', async () => {
    await applyManaged(api, { name: 'policy', requirements: 'allowed_sandbox_modes = ["read-only"]' })
    const answer = await edit(api, [anEdit('sandbox_mode', 'danger-full-access')])
    expect(answer.body).toMatchObject({ status: 400, code: 'configValidationError' })
    const { detail } = answer.body as { detail: string }
    for (const word of ['sandbox_mode', 'read-only', 'policy']) expect(detail).toContain(word)
    expect((await edit(api, [anEdit('sandbox_mode', 'read-only')])).status).toBe(200)
  })

  it('would make the layer too large', async () => {
    await edit(api, [anEdit('a', 'x'.repeat(200_000))])
    const answer = await edit(api, [anEdit('b', 'x'.repeat(100_000))])
    expect(problemOf(answer)).toEqual({
      status: 400,
      detail: expect.stringMatching(/^edits: expected settings of at most 262144 bytes in all, got \d+$/),
    })
  })

  it.each([
    [
      'more than 100 edits',
      { edits: Array.from({ length: 101 }, () => anEdit('a', 1)) },
      '/edits: expected at most 100',
    ],
    [
      'a key path that is too long',
      { edits: [anEdit('a'.repeat(1025), 1)] },
      '/edits/0/keyPath: expected at most 1024',
    ],
    [
      'no value',
      { edits: [{ keyPath: 'a', mergeStrategy: 'replace' }] },
      '/edits/0/value: expected another value',
    ],
    [
      'another strategy',
      { edits: [anEdit('a', 1, 'merge')] },
      '/edits/0/mergeStrategy: expected another value',
    ],
    ['no edits', {}, '/edits: expected array'],
  ])('has %s', async (_why, body, detail) => {
    expect(problemOf(await api.call('PUT', CONFIG, { body }))).toEqual({ status: 422, detail })
  })
})

describe('what is stored', () => {
  it('that does not open is refused, counted, and left as it is', async () => {
    await edit(api, [anEdit('model', 'x')])
    const elsewhere = await api.sealer.seal(
      new Secret('a = 1'),
      layerPlace({ id: '2', namespace: 'user-2' }, 'codex'),
    )
    await storeText(api, '', elsewhere)
    expect((await api.call('GET', CONFIG)).body).toMatchObject({ status: 409, code: 'DECRYPT_FAILED' })
    expect((await edit(api, [anEdit('a', 1)])).body).toMatchObject({ status: 409, code: 'DECRYPT_FAILED' })
    const metrics = await api.registry.metrics()
    expect(metrics).toMatch(/unopened_total\{kind="config"\} [1-9]/)
    expect((await api.call('GET', CODEX)).status).toBe(200)
  })

  it('that does not parse is refused with the place, never with the text', async () => {
    await edit(api, [anEdit('model', 'x')])
    await storeText(api, `ok = 1\nkey = ${CANARY}\n`)
    const answer = await api.call('GET', CONFIG)
    expect(answer.body).toMatchObject({
      status: 409,
      code: 'CONFIG_UNUSABLE',
      detail: expect.stringContaining('~/.codex/config.toml:2:'),
    })
    expect(answer.text).not.toContain(CANARY)
  })

  it('is in no log line, and in no answer but those of this route', async () => {
    await edit(api, [anEdit('token', CANARY), anEdit(`keys.${CANARY}`, 1)])
    await edit(api, [anEdit('model', 5), anEdit('token', CANARY)])
    const answers = [
      await api.call('GET', CODEX),
      await api.call('GET', '/users/me/runtime-configs'),
      await api.call('GET', '/v1/namespaces/default/urc/codex'),
      await api.call('GET', '/metrics', { token: null }),
      await edit(api, [anEdit('token', CANARY)]),
    ]
    expect(answers.filter(({ text }) => text.includes(CANARY))).toEqual([])
    expect(JSON.stringify(api.log)).not.toContain(CANARY)
    expect(JSON.stringify((await api.store.list('UserRuntimeConfig')).items)).not.toContain(CANARY)
    expect(JSON.stringify((await show()).config)).toContain(CANARY)
  })

  it('leaves a line in the audit trail without keys or values', async () => {
    await edit(api, [anEdit('token', CANARY), anEdit('b', 1)])
    const line = api.log.find(({ fields }) => fields['audit'] === 'config.write')
    expect(line?.fields).toMatchObject({ user: 'ada', runtime: 'codex', edits: 2 })
  })
})
