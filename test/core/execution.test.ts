import { isDeepStrictEqual } from 'node:util'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { detectRuntime, enrichExecution } from '#core/execution.ts'
import type { ExecutionFacts } from '#core/execution.ts'
import { Secret } from '#core/secret.ts'

const URL = 'http://u:p@h:80'
const PROXY_ON = {
  preference: { useUserConfig: true, useProxy: true },
  proxyUrl: new Secret(URL),
  proxyConfigured: true,
}

function someFacts(overrides: Partial<ExecutionFacts> = {}): ExecutionFacts {
  return {
    runtime: 'codex',
    targetPath: '~/.codex/auth.json',
    preference: { useUserConfig: true, useProxy: false },
    authSha256: 'a'.repeat(64),
    configured: true,
    proxyUrl: null,
    proxyConfigured: false,
    ...overrides,
  }
}

function state(overrides: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    use_user_config: true,
    configured: true,
    target_path: '~/.codex/auth.json',
    auth_json_sha256: 'a'.repeat(64),
    use_proxy: false,
    proxy_configured: false,
    ...overrides,
  }
}

describe('the runtime of an execution request', () => {
  it.each([
    ['Responses by api_format', { model: 'openai', api_format: 'responses' }],
    ['Responses by apiFormat, in any case', { model: 'OpenAI', apiFormat: 'Responses' }],
    ['Responses by protocol', { model: 'OpenAI', protocol: 'openai-responses' }],
    ['Responses by wire_api', { model: 'OPENAI', wire_api: 'RESPONSES' }],
    [
      'one of two saying Responses',
      { model: 'openai', api_format: 'chat/completions', apiFormat: 'responses' },
    ],
  ])('is codex for OpenAI and %s', (_what, model) => {
    expect(detectRuntime({ model_config: model })).toBe('codex')
  })

  it.each([
    ['another format', { model: 'openai', api_format: 'chat/completions' }],
    ['another model', { model: 'claude', api_format: 'responses' }],
    ['a model that begins alike', { model: 'openai-compatible', api_format: 'responses' }],
    ['no format', { model: 'openai' }],
    ['no model', { api_format: 'responses' }],
    ['the protocol of another key', { model: 'openai', protocol: 'responses' }],
    ['a format that is no text', { model: 'openai', api_format: ['responses'] }],
    ['a model that is no text', { model: { id: 'openai' }, api_format: 'responses' }],
    ['a list', []],
    ['null', null],
    ['text', 'openai'],
  ])('is none for %s', (_what, model) => {
    expect(detectRuntime({ model_config: model })).toBeNull()
  })

  it('is none without a model', () => {
    expect(detectRuntime({})).toBeNull()
  })

  it('is the one that is named, whatever the model', () => {
    const model_config = { model: 'openai', api_format: 'responses' }
    expect(detectRuntime({ runtime: ' Claude ', model_config })).toBe('claude')
  })

  it.each(['', '  ', null, 5])('is told from the model when the name is %j', (runtime) => {
    const model_config = { model: 'openai', api_format: 'responses' }
    expect(detectRuntime({ runtime, model_config })).toBe('codex')
  })
})

describe('an enriched execution request', () => {
  it('says exactly six things about the runtime', () => {
    expect(enrichExecution({ model_config: { model: 'openai' } }, someFacts())).toEqual({
      model_config: { model: 'openai', runtime_config: { codex: state() } },
    })
  })

  it('says so when nothing is configured', () => {
    const nothing = {
      preference: { useUserConfig: false, useProxy: false },
      authSha256: null,
      configured: false,
    }
    expect(enrichExecution({ model_config: {} }, someFacts(nothing))).toEqual({
      model_config: {
        runtime_config: {
          codex: state({ use_user_config: false, configured: false, auth_json_sha256: null }),
        },
      },
    })
  })

  it.each([
    ['both', { base_url: 'https://m', api_key: 'k' }, false],
    ['only an address', { base_url: 'https://m' }, true],
    ['only a key', { api_key: 'k' }, true],
    ['a blank key', { base_url: 'https://m', api_key: '  ' }, true],
    ['a blank address', { base_url: '', api_key: 'k' }, true],
    ['null for a key', { base_url: 'https://m', api_key: null }, true],
  ])("uses the user's own login unless the model brings credentials: %s", (_what, model, expected) => {
    expect(enrichExecution({ model_config: model }, someFacts())).toEqual({
      model_config: { ...model, runtime_config: { codex: state({ use_user_config: expected }) } },
    })
  })

  it('has the proxy in both places when it is wanted and opens, also beside credentials', () => {
    const model = { base_url: 'https://m', api_key: 'k' }
    expect(enrichExecution({ model_config: model }, someFacts(PROXY_ON))).toEqual({
      proxy: { url: URL },
      model_config: {
        ...model,
        proxy: { url: URL },
        runtime_config: {
          codex: state({ use_user_config: false, use_proxy: true, proxy_configured: true }),
        },
      },
    })
  })

  it.each([
    [
      'it is saved and not wanted',
      { proxyUrl: new Secret(URL), proxyConfigured: true },
      { use_proxy: false, proxy_configured: true },
    ],
    [
      'it is wanted and none is saved, or it does not open',
      { preference: PROXY_ON.preference },
      { use_proxy: true, proxy_configured: false },
    ],
  ])('has no proxy when %s', (_what, facts, expected) => {
    expect(enrichExecution({ model_config: {} }, someFacts(facts))).toEqual({
      model_config: { runtime_config: { codex: state(expected) } },
    })
  })

  it('keeps what is in the places it writes to', () => {
    const request = {
      proxy: { mode: 'auto', url: 'http://old:1' },
      model_config: {
        proxy: { x: 1 },
        runtime_config: { claude: { use_user_config: true }, codex: { stale: true } },
      },
    }
    expect(enrichExecution(request, someFacts(PROXY_ON))).toEqual({
      proxy: { mode: 'auto', url: URL },
      model_config: {
        proxy: { x: 1, url: URL },
        runtime_config: {
          claude: { use_user_config: true },
          codex: state({ use_proxy: true, proxy_configured: true }),
        },
      },
    })
  })

  it.each([null, 'text', 5, [1]])('replaces %j where an object belongs', (odd) => {
    const request = { proxy: odd, model_config: { proxy: odd, runtime_config: odd } }
    expect(enrichExecution(request, someFacts(PROXY_ON))).toEqual({
      proxy: { url: URL },
      model_config: {
        proxy: { url: URL },
        runtime_config: { codex: state({ use_proxy: true, proxy_configured: true }) },
      },
    })
  })

  it('is harmless for a runtime called __proto__', () => {
    const enriched = enrichExecution({ model_config: {} }, someFacts({ runtime: '__proto__' }))
    expect(JSON.stringify(enriched)).toContain('"runtime_config":{"__proto__":{"use_user_config":true')
    expect(Object.hasOwn({}, 'use_user_config')).toBe(false)
  })

  it('keeps every unknown field, changes nothing it was given, and is the same twice', () => {
    const fields = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('__proto__', 'proxy', 'runtime_config', 'base_url', 'api_key')),
      fc.jsonValue(),
      { noNullPrototype: true },
    )
    fc.assert(
      fc.property(fields, fc.oneof(fields, fc.jsonValue()), fc.boolean(), (outer, model, useProxy) => {
        const request = { ...outer, model_config: model }
        const copy = structuredClone(request)
        const facts = someFacts({ ...PROXY_ON, preference: { useUserConfig: true, useProxy } })
        const enriched = enrichExecution(request, facts)
        expect(isDeepStrictEqual(request, copy)).toBe(true)
        expect(isDeepStrictEqual(foreign(enriched), foreign(request))).toBe(true)
        expect(isDeepStrictEqual(enrichExecution(enriched, facts), enriched)).toBe(true)
      }),
    )
  })
})

/** What of a request is none of our business, at both levels. */
function foreign(request: Readonly<Record<string, unknown>>): unknown {
  const { model_config: model, proxy: _proxy, ...rest } = request
  const isObject = typeof model === 'object' && model !== null && !Array.isArray(model)
  const ours = new Set(['proxy', 'runtime_config'])
  return [rest, isObject ? Object.entries(model).filter(([key]) => !ours.has(key)) : []]
}
