import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { viewProxyConfig, viewRuntimeConfig } from '#core/runtime-config-view.ts'
import { RuntimeConfigView } from '#protocol/runtime-config.ts'
import { aRuntime, aUserProxyConfig, aUserRuntimeConfig } from '#test/support/resources.ts'

const MASKED = 'http://***:***@127.0.0.1:7890'
const preferences = { runtime_configs: { codex: { use_user_config: true, use_proxy: true } } }

const untouched = {
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

const complete = {
  ...untouched,
  use_user_config: true,
  use_proxy: true,
  configured: true,
  auth_json_sha256: 'a'.repeat(64),
  auth_json_updated_at: '2026-11-21T09:00:00.000Z',
  proxy_configured: true,
  proxy_url_masked: MASKED,
  proxy_updated_at: '2026-11-21T08:00:00.000Z',
  updated_at: '2026-11-21T09:30:00.000Z',
}

const auth = { format: 'json', targetPath: '~/.codex/auth.json' } as const

describe('what a user sees of a runtime', () => {
  it('is twelve keys when nothing was ever stored', () => {
    const view = viewRuntimeConfig({ runtime: aRuntime(), preferences: {} })
    expect(view).toEqual(untouched)
    expect(Object.keys(view)).toHaveLength(12)
  })

  it('is the same twelve keys when everything is there', () => {
    const facts = {
      runtime: aRuntime(),
      config: aUserRuntimeConfig(),
      proxy: aUserProxyConfig(),
      preferences,
    }
    const view = viewRuntimeConfig({ ...facts, maskedUrl: MASKED })
    expect(view).toEqual(complete)
    expect(Object.keys(view)).toEqual(Object.keys(untouched))
  })

  it('has the shape of the contract, whatever the preferences', () => {
    const facts = { runtime: aRuntime(), config: aUserRuntimeConfig(), proxy: aUserProxyConfig() }
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('runtime_configs', 'x'), fc.jsonValue()), (preferences) => {
        const view = viewRuntimeConfig({ ...facts, preferences })
        expect(RuntimeConfigView.strict().parse(view)).toEqual(view)
      }),
    )
  })

  it('holds nothing that is sealed', () => {
    const facts = {
      runtime: aRuntime(),
      config: aUserRuntimeConfig(),
      proxy: aUserProxyConfig(),
      preferences,
    }
    expect(JSON.stringify(viewRuntimeConfig(facts))).not.toContain('sealed')
  })

  it('is not configured after the login was removed, and still says when that was', () => {
    const { auth: _, ...spec } = aUserRuntimeConfig().spec
    const config = { ...aUserRuntimeConfig(), spec }
    expect(viewRuntimeConfig({ runtime: aRuntime(), config, preferences: {} })).toEqual({
      ...untouched,
      updated_at: '2026-11-21T09:30:00.000Z',
    })
  })

  it('is not configured when only policies are stored', () => {
    const config = aUserRuntimeConfig({ auth: { ...auth, updatePolicy: 'IfStale', sha256: 'c'.repeat(64) } })
    const { configured, auth_json_sha256 } = viewRuntimeConfig({ runtime: aRuntime(), config, preferences })
    expect({ configured, auth_json_sha256 }).toEqual({ configured: false, auth_json_sha256: null })
  })

  it('is configured when the login is in a secret of the cluster', () => {
    const config = aUserRuntimeConfig({
      auth: { ...auth, secretRef: { name: 'codex-login', key: 'auth.json' } },
    })
    const { configured, auth_json_sha256 } = viewRuntimeConfig({ runtime: aRuntime(), config, preferences })
    expect({ configured, auth_json_sha256 }).toEqual({ configured: true, auth_json_sha256: null })
  })

  it('has the target path of the registry, whatever an old resource says', () => {
    const config = aUserRuntimeConfig({
      auth: { ...auth, targetPath: '~/old.json', encryptedValue: 'sealed' },
    })
    expect(viewRuntimeConfig({ runtime: aRuntime(), config, preferences }).target_path).toBe(
      '~/.codex/auth.json',
    )
  })
})

describe('what a user sees of the proxy', () => {
  it.each([
    ['there never was one', {}, { configured: false, masked: '', proxyAt: null, at: null }],
    [
      'one is saved and opens',
      { proxy: aUserProxyConfig(), maskedUrl: MASKED },
      {
        configured: true,
        masked: MASKED,
        proxyAt: '2026-11-21T08:00:00.000Z',
        at: '2026-11-21T08:30:00.000Z',
      },
    ],
    [
      'one is saved and its status says the mask',
      { proxy: aUserProxyConfig({ maskedUrl: MASKED }) },
      {
        configured: true,
        masked: MASKED,
        proxyAt: '2026-11-21T08:00:00.000Z',
        at: '2026-11-21T08:30:00.000Z',
      },
    ],
    [
      'one is saved and its status is not written yet',
      { proxy: aUserProxyConfig() },
      { configured: true, masked: '', proxyAt: '2026-11-21T08:00:00.000Z', at: '2026-11-21T08:30:00.000Z' },
    ],
    [
      'one is saved and does not open, whatever its status says',
      { proxy: aUserProxyConfig({ maskedUrl: MASKED }), maskedUrl: null },
      { configured: false, masked: '', proxyAt: '2026-11-21T08:00:00.000Z', at: '2026-11-21T08:30:00.000Z' },
    ],
    [
      'it was cleared, whatever its status says still',
      { proxy: aUserProxyConfig({ maskedUrl: MASKED, isCleared: true }) },
      { configured: false, masked: '', proxyAt: null, at: '2026-11-21T08:30:00.000Z' },
    ],
  ])('is right when %s', (_what, facts, { configured, masked, proxyAt, at }) => {
    expect(viewProxyConfig(facts)).toEqual({
      configured,
      proxy_url_masked: masked,
      proxy_updated_at: proxyAt,
      updated_at: at,
    })
  })
})
