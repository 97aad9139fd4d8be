import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { Secret } from '#core/secret.ts'
import { layerPlace } from '#secrets/places.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { upload } from '#test/support/api-stories.ts'
import {
  anEdit,
  applyManaged,
  CONFIG,
  edit,
  EMPTY_VERSION,
  storedText,
} from '#test/support/layered-config.ts'

const APPLY = '/v1/namespaces/default/apply'
const CANARY = 'sk-canary-b7d1'

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
})

afterEach(() => api.stop())

interface Result {
  readonly success: boolean
  readonly operation: string
  readonly error: string | null
  readonly code: string | null
}

function resultOf({ body }: { readonly body: unknown }): Result {
  const [result] = (body as { readonly results: readonly Result[] }).results
  if (result === undefined) throw new Error('expected a result')
  return result
}

function seal(text: string, place = layerPlace({ id: '1', namespace: 'user-1' }, 'codex')): Promise<string> {
  return api.sealer.seal(new Secret(text), place)
}

async function applyLayer(encryptedValue: string, changes: object = {}): Promise<Result> {
  const config = {
    format: 'toml',
    encryptedValue,
    version: EMPTY_VERSION,
    updatedAt: '1999-01-01T00:00:00Z',
    ...changes,
  }
  const spec = { runtime: 'codex', config }
  const body = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'UserRuntimeConfig',
    metadata: { name: 'codex' },
    spec,
  }
  return resultOf(await api.call('POST', APPLY, { body }))
}

describe("a user's sealed settings in a manifest", () => {
  it('are taken when they open at this very place; version and time are worked out', async () => {
    await edit(api, [anEdit('model', 'x')])
    const { spec: before } = await api.store.get('UserRuntimeConfig', { namespace: 'user-1', name: 'codex' })
    const sealed = await seal('# mine\na = 1\n')
    expect(await applyLayer(sealed)).toMatchObject({ operation: 'updated', error: null })
    const { spec } = await api.store.get('UserRuntimeConfig', { namespace: 'user-1', name: 'codex' })
    expect(spec.config?.version).not.toBe(EMPTY_VERSION)
    expect(spec.config?.version).not.toBe(before.config?.version)
    expect(spec.config?.updatedAt).not.toContain('1999')
    expect(await storedText(api)).toBe('# mine\na = 1\n')
    expect((await api.call('GET', CONFIG)).body).toMatchObject({ config: { a: 1 } })
  })

  it('stay as they are where a manifest brings none', async () => {
    await edit(api, [anEdit('model', 'x')])
    await upload(api, '{}')
    const body = {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'UserRuntimeConfig',
      metadata: { name: 'codex' },
      spec: { runtime: 'codex', suspend: true },
    }
    expect(resultOf(await api.call('POST', APPLY, { body })).operation).toBe('updated')
    expect(await storedText(api)).toBe('model = "x"\n')
  })

  it.each([
    ["another user's", layerPlace({ id: '2', namespace: 'user-2' }, 'codex')],
    ["another runtime's", layerPlace({ id: '1', namespace: 'user-1' }, 'claude')],
    [
      'a login',
      { ...layerPlace({ id: '1', namespace: 'user-1' }, 'codex'), field: 'spec.auth.encryptedValue' },
    ],
  ])('are refused when they are %s', async (_whose, place) => {
    const result = await applyLayer(await seal(CANARY, place))
    expect(result).toMatchObject({ operation: 'failed', code: 'INVALID' })
    expect(result.error).toMatch(
      /^spec\.config\.encryptedValue: expected a value that was sealed for this very object/,
    )
  })

  it('are refused when they do not parse, without a word of them', async () => {
    const result = await applyLayer(await seal(`a = 1\nb = ${CANARY}\n`))
    expect(result).toMatchObject({ operation: 'failed', code: 'configValidationError' })
    expect(result.error).toMatch(/^spec\.config\.encryptedValue: 2:\d+: /)
    expect(result.error).not.toContain(CANARY)
  })

  it('are refused when there are too many of them', async () => {
    const result = await applyLayer(await seal(`a = "${'x'.repeat(262_144)}"`))
    expect(result.error).toContain('expected at most 262144 bytes inside, got 262150')
  })
})

describe('what an administrator sets', () => {
  it.each([
    ['settings that do not parse', { config: `a = 1\nb = ${CANARY}` }, /^spec\.config:2:\d+: /],
    ['requirements that do not parse', { requirements: `a = ${CANARY}` }, /^spec\.requirements:1:\d+: /],
    [
      'requirements that cannot be met',
      { requirements: 'allowed_approval_policies = []' },
      /^spec\.requirements:1:/,
    ],
    ['a setting of the wrong kind', { config: 'model = 5' }, /^spec\.config:1:9: model: /],
  ])('is refused with line and column: %s', async (_what, texts, error) => {
    const result = resultOf(await applyManaged(api, texts))
    expect(result).toMatchObject({ operation: 'failed', code: 'INVALID' })
    expect(result.error).toMatch(error)
    expect(result.error).not.toContain(CANARY)
    expect((await api.store.list('ManagedRuntimeConfig')).items).toEqual([])
  })

  it('may be applied before its runtime is', async () => {
    expect(resultOf(await applyManaged(api, { runtime: 'gemini', config: 'a = 1' }))).toMatchObject({
      operation: 'created',
    })
  })

  it('is for administrators alone', async () => {
    const body = {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'ManagedRuntimeConfig',
      metadata: { name: 'mine' },
      spec: { runtime: 'codex', config: '' },
    }
    expect(resultOf(await api.call('POST', APPLY, { body }))).toMatchObject({ code: 'FORBIDDEN' })
  })
})
