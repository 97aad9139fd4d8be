import { describe, expect, it } from 'vitest'

import { agentRuntimeOf, findRuntime, requireProxyScheme, runtimeNameOf, targetOf } from '#core/runtimes.ts'
import { BUILT_IN_RUNTIMES } from '#crds/types/runtimes.generated.ts'
import { refusalOf } from '#test/support/refusal.ts'
import { aRuntime } from '#test/support/resources.ts'

const runtimes = [aRuntime({ name: 'claude', displayName: 'Claude Code' }), aRuntime()]

describe('finding a runtime', () => {
  it.each(['codex', 'CODEX', ' Codex ', '\tcodex\n'])('takes %j as codex', (text) => {
    expect(runtimeNameOf(text)).toBe('codex')
    expect(findRuntime(runtimes, text)).toEqual(aRuntime())
  })

  it.each(['nope', ' Nope ', '', '__proto__', 'constructor'])('refuses %j, saying it as given', (text) => {
    expect(refusalOf(() => findRuntime(runtimes, text))).toEqual({
      code: 'RUNTIME_UNSUPPORTED',
      message: `Unsupported runtime: ${text}`,
    })
  })

  it('says no more of a text than a person reads', () => {
    expect(refusalOf(() => findRuntime(runtimes, 'x'.repeat(100))).message).toBe(
      `Unsupported runtime: ${'x'.repeat(100)}`,
    )
    expect(refusalOf(() => findRuntime(runtimes, 'x'.repeat(100_000))).message).toBe(
      `Unsupported runtime: ${'x'.repeat(100)}…`,
    )
    expect(refusalOf(() => findRuntime(runtimes, '😀'.repeat(101))).message).toBe(
      `Unsupported runtime: ${'😀'.repeat(100)}…`,
    )
  })

  it('says only what UTF-8 can say', () => {
    expect(refusalOf(() => findRuntime(runtimes, 'a\ud800')).message).toBe('Unsupported runtime: a\ufffd')
  })
})

describe('what devices are told of a runtime', () => {
  const auth = {
    targetPath: '~/.gemini/oauth.json',
    format: 'json',
    homeVariable: 'GEMINI_HOME',
    fields: { accountId: '/id', refreshToken: '/refresh', lastRefresh: '/at' },
    validation: { maxBytes: 1000 },
  } as const

  it('is the path, and the variable that moves it', () => {
    expect(targetOf(aRuntime({ auth }))).toEqual({
      targetPath: '~/.gemini/oauth.json',
      homeVariable: 'GEMINI_HOME',
    })
    expect(targetOf(aRuntime())).toEqual({ targetPath: '~/.codex/auth.json', homeVariable: null })
  })

  it('is everything our agent needs', () => {
    expect(agentRuntimeOf(aRuntime({ name: 'gemini', auth, processName: 'gemini-cli' }))).toEqual({
      name: 'gemini',
      target_path: '~/.gemini/oauth.json',
      home_variable: 'GEMINI_HOME',
      fields: { account_id: '/id', refresh_token: '/refresh', last_refresh: '/at' },
      process_name: 'gemini-cli',
      max_bytes: 1000,
    })
  })

  it('is null where the runtime says nothing', () => {
    expect(agentRuntimeOf(aRuntime())).toEqual({
      name: 'codex',
      target_path: '~/.codex/auth.json',
      home_variable: null,
      fields: { account_id: null, refresh_token: null, last_refresh: null },
      process_name: null,
      max_bytes: 524_288,
    })
  })

  it('is complete for the runtimes of the product', () => {
    expect(BUILT_IN_RUNTIMES.map((runtime) => [runtime.metadata.name, targetOf(runtime)])).toEqual([
      ['claude', { targetPath: '~/.claude/.credentials.json', homeVariable: 'CLAUDE_CONFIG_DIR' }],
      ['codex', { targetPath: '~/.codex/auth.json', homeVariable: 'CODEX_HOME' }],
    ])
  })
})

describe('a proxy for a runtime', () => {
  it('is taken when the CLI supports its scheme', () => {
    expect(() => requireProxyScheme(aRuntime(), 'socks5')).not.toThrow()
  })

  it.each([
    [['http', 'https'] as const, 'Codex supports http, https proxies only, and the saved one is socks5'],
    [[], 'Codex does not support proxies, and the saved one is socks5'],
  ])('is refused when it supports %j only', (schemes, message) => {
    expect(refusalOf(() => requireProxyScheme(aRuntime({ proxy: { schemes } }), 'socks5'))).toEqual({
      code: 'PROXY_SCHEME_UNSUPPORTED',
      message,
    })
  })

  it('is refused when the runtime says nothing about proxies', () => {
    const { proxy: _, ...spec } = aRuntime().spec
    const runtime = { ...aRuntime(), spec }
    expect(refusalOf(() => requireProxyScheme(runtime, 'http')).code).toBe('PROXY_SCHEME_UNSUPPORTED')
  })
})
