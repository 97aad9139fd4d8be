import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { startTestApi, type TestAnswer, type TestApi } from '#test/support/api-server.ts'
import { applyGemini, upload } from '#test/support/api-stories.ts'
import { anEdit, applyManaged, edit, storeText, USER_LAYER } from '#test/support/layered-config.ts'

const PATH = '/execution-requests/enrich'
const VERSION = expect.stringMatching(/^sha256:[0-9a-f]{64}$/)
const CANARY = 'sk-canary-90ad'

let api: TestApi
let backEnd: string

beforeEach(async () => {
  api = await startTestApi()
  backEnd = await api.tokenFor('ada', ['execution'])
})

afterEach(() => api.stop())

async function enrich(model: object = {}, rest: object = { include: ['config'] }): Promise<TestAnswer> {
  const body = { runtime: 'codex', model_config: { model: 'x', ...model }, ...rest }
  return api.call('POST', PATH, { body, token: backEnd })
}

interface Added {
  readonly config?: {
    readonly effective: object
    readonly origins: Readonly<Record<string, { readonly name: { readonly type: string } }>>
    readonly layers: readonly { readonly name: object }[]
  } | null
  readonly config_reason?: string
}

function addedTo(answer: TestAnswer): Added {
  const body = answer.body as { model_config: { runtime_config: Record<string, Added> } }
  return Object.values(body.model_config.runtime_config)[0] ?? {}
}

describe('include: ["config"]', () => {
  it('adds what applies, who supplies it, and the layers without what they say', async () => {
    await edit(api, [anEdit('model', 'mine'), anEdit('a', 1)])
    await applyManaged(api, { config: 'model = "company"' })
    const answer = await enrich()
    const managed = { type: 'managedRuntimeConfig', name: 'company' }
    expect(addedTo(answer)).toEqual({
      use_user_config: false,
      configured: false,
      target_path: '~/.codex/auth.json',
      auth_json_sha256: null,
      use_proxy: false,
      proxy_configured: false,
      config: {
        effective: { model: 'company', a: 1 },
        origins: { model: { name: managed, version: VERSION }, a: { name: USER_LAYER, version: VERSION } },
        layers: [
          { name: managed, version: VERSION },
          { name: USER_LAYER, version: VERSION },
        ],
      },
    })
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it.each([{}, { include: [] }, { include: null }, { include: ['proxy'] }])(
    'is asked for by that word alone: %j adds six keys',
    async (rest) => {
      await edit(api, [anEdit('model', CANARY)])
      const answer = await enrich({ config_overrides: ['no sense'] }, rest)
      expect(Object.keys(addedTo(answer))).toHaveLength(6)
      expect(answer.text).not.toContain(CANARY)
    },
  )

  it('keeps numbers exact, and the request as it came', async () => {
    await edit(api, [anEdit('a', 1)])
    await storeText(api, 'a = 1.0\nb = 9223372036854775807')
    const body = `{"runtime":"codex","include":["config"],"model_config":{"temperature":1.0,"config_overrides":{"c":2.0,"d":2,"e":[9007199254740993]}}}`
    const { text } = await api.call('POST', PATH, { body, token: backEnd })
    expect(text).toContain('"temperature":1.0,"config_overrides":{"c":2.0,"d":2,"e":[9007199254740993]}')
    expect(text).toContain(
      '"effective":{"a":1.0,"b":9223372036854775807,"c":2.0,"d":2,"e":[9007199254740993]}',
    )
  })

  it('changes nothing when it is done twice', async () => {
    await edit(api, [anEdit('a', 1)])
    const once = await enrich({ config_overrides: ['b=2'] })
    const twice = await api.call('POST', PATH, { body: once.body, token: backEnd })
    expect(twice.text).toBe(once.text)
  })

  it('shows what was stored a moment ago', async () => {
    for (const value of [1, 2, 3]) {
      await edit(api, [anEdit('a', value)])
      expect(addedTo(await enrich()).config?.effective).toEqual({ a: value })
    }
    await applyManaged(api, { config: 'a = 4' })
    expect(addedTo(await enrich()).config?.effective).toEqual({ a: 4 })
  })
})

describe('the flags of a request', () => {
  const FLAGS = [
    ['a list of key=value', ['model="flag"', 'x.y=1', 'x.z=hello world']],
    ['an object of dotted paths', { model: 'flag', 'x.y': 1, 'x.z': 'hello world' }],
  ] as const

  it.each(FLAGS)('win over the user and yield to administrators, as %s', async (_how, config_overrides) => {
    await edit(api, [anEdit('model', 'mine'), anEdit('x.y', 0)])
    await applyManaged(api, { config: 'x.z = "company"' })
    const { config } = addedTo(await enrich({ config_overrides }))
    expect(config?.effective).toEqual({ model: 'flag', x: { y: 1, z: 'company' } })
    expect(config?.layers.map(({ name }) => name)).toEqual([
      { type: 'managedRuntimeConfig', name: 'company' },
      { type: 'sessionFlags' },
      USER_LAYER,
    ])
    expect(config?.origins['model']?.name).toEqual({ type: 'sessionFlags' })
  })

  it.each([[[]], [{}], [null]])('make no layer when there are none: %j', async (config_overrides) => {
    const { config } = addedTo(await enrich({ config_overrides }))
    expect(config?.layers.map(({ name }) => name)).toEqual([USER_LAYER])
  })

  it.each([
    [['a=1', 'no equals sign'], 'config_overrides[1]: '],
    [['a=1', '=1'], 'config_overrides[1]: '],
    [['a=1', 5], 'config_overrides[1]: '],
    [{ a: 1, b: null }, 'config_overrides["b"]: '],
    [{ a: { b: [null] } }, 'config_overrides["a"]: '],
    [{ ' ': 1 }, 'config_overrides[" "]: '],
    [{ 'a=b': 1 }, 'config_overrides["a=b"]: '],
    [[`${'a.'.repeat(200)}a=1`], 'config_overrides[0]: '],
    ['a=1', 'config_overrides: expected a list'],
    [Array.from({ length: 1001 }, () => 'a=1'), 'config_overrides: expected at most 1000'],
  ])('that make no sense are refused with their place: %j', async (config_overrides, place) => {
    const { status, body } = await enrich({ config_overrides })
    expect([status, body]).toEqual([
      400,
      expect.objectContaining({
        code: 'configValidationError',
        detail: expect.stringContaining(`model_config.${place}`),
      }),
    ])
  })

  it('that a requirement does not allow are refused with its source', async () => {
    await applyManaged(api, { name: 'policy', requirements: 'allowed_sandbox_modes = ["read-only"]' })
    const { status, body } = await enrich({ config_overrides: ['sandbox_mode=danger-full-access'] })
    const { detail } = body as { detail: string }
    expect(status).toBe(400)
    for (const word of ['sandbox_mode', 'read-only', 'policy']) expect(detail).toContain(word)
  })
})

describe('what is stored and cannot be used', () => {
  it.each([
    ['does not open', 'DecryptFailed', '', 'damaged'],
    ['does not parse', 'ConfigInvalid', `a = ${CANARY}`, undefined],
  ])('breaks no execution when it %s', async (...[, config_reason, text, sealed]) => {
    await upload(api, '{}')
    await storeText(api, text, sealed)
    const answer = await enrich({ config_overrides: ['a=1'] })
    expect(answer.status).toBe(200)
    expect(addedTo(answer)).toMatchObject({ configured: true, config: null, config_reason })
    expect(answer.text).not.toContain(CANARY)
    await enrich()
    expect(await api.registry.metrics()).toContain('unopened_total{kind="config"} 1\n')
  })

  it('is nothing where the runtime has no config file', async () => {
    await applyGemini(api)
    const answer = await enrich({}, { runtime: 'gemini', include: ['config'] })
    expect(addedTo(answer)).toMatchObject({ config: null, config_reason: 'ConfigUnsupported' })
  })
})
