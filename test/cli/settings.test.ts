import { describe, expect, it } from 'vitest'

import { resolveSettings, type SettingSources } from '#cli/resolve-settings.ts'
import { settingNames, variableOf } from '#cli/settings.ts'

function someSources(overrides: Partial<SettingSources> = {}): SettingSources {
  return { flags: {}, environment: { HOME: '/home/u' }, file: null, ...overrides }
}

function originOf(name: string, sources: SettingSources) {
  return resolveSettings(sources).origins.find((row) => row.name === name)
}

describe('settings', () => {
  it('come from defaults when nothing is said', () => {
    expect(resolveSettings(someSources()).settings).toEqual({
      data: '/home/u/.local/share/runtimeconfig',
      listen: { host: '127.0.0.1', port: 8080 },
      'trust-proxy': 'none',
      'requests-per-minute': 6000,
      'legacy-key': 'none',
      'log-level': 'info',
      'log-format': 'auto',
      server: 'http://127.0.0.1:8080',
      'token-file': '/home/u/.config/runtimeconfig/token',
    })
  })

  const everywhere = someSources({
    flags: { listen: '127.0.0.1:1' },
    environment: { HOME: '/home/u', RUNTIMECONFIG_LISTEN: '127.0.0.1:2', RUNTIMECONFIG_LOG_LEVEL: 'warn' },
    file: {
      path: '/etc/rc.yaml',
      values: { listen: '127.0.0.1:3', 'log-level': 'debug', 'requests-per-minute': 5 },
    },
  })

  it.each([
    ['listen', { value: '127.0.0.1:1', origin: 'flag', source: '--listen' }],
    ['log-level', { value: 'warn', origin: 'environment', source: 'RUNTIMECONFIG_LOG_LEVEL' }],
    ['requests-per-minute', { value: '5', origin: 'file', source: '/etc/rc.yaml' }],
    ['server', { value: 'http://127.0.0.1:8080', origin: 'default', source: null }],
  ])('take %s from the strongest place that says it', (name, expected) => {
    expect(originOf(name, everywhere)).toMatchObject(expected)
  })

  it.each([
    [
      { flags: { listen: 'nowhere' } },
      '--listen: expected listen to be host:port, such as 127.0.0.1:8080; port 0 takes a free one, got "nowhere"',
    ],
    [
      { flags: { listen: '127.0.0.1:70000' } },
      '--listen: expected listen to be host:port, such as 127.0.0.1:8080; port 0 takes a free one, got "127.0.0.1:70000"',
    ],
    [
      { flags: { server: 'ftp://h' } },
      '--server: expected server to be an http or https URL, without user, password or query, got "ftp://h"',
    ],
    [
      { flags: { server: 'http://me:secret@h?token=secret' } },
      '--server: expected server to be an http or https URL, without user, password or query, got "http://***@h?***"',
    ],
    [
      { environment: { RUNTIMECONFIG_LOG_LEVEL: 'loud' } },
      'RUNTIMECONFIG_LOG_LEVEL: expected log-level to be trace, debug, info, warn, error or silent, got "loud"',
    ],
    [
      { file: { path: '/f', values: { 'requests-per-minute': 0 } } },
      '/f: expected requests-per-minute to be a whole number, got "0"',
    ],
  ])('refuse a bad value by the name of who said it: %j', (overrides, message) => {
    expect(() => resolveSettings(someSources(overrides))).toThrow(
      expect.objectContaining({ code: 'SETTING_INVALID', message }),
    )
  })

  it('refuse a setting that does not exist, wherever it is', () => {
    expect(() => resolveSettings(someSources({ file: { path: '/f', values: { lisen: 'x' } } }))).toThrow(
      '/f: "lisen" is not a setting',
    )
    expect(() => resolveSettings(someSources({ environment: { RUNTIMECONFIG_LISEN: 'x' } }))).toThrow(
      'RUNTIMECONFIG_LISEN: no such setting',
    )
  })

  it('cut a long bad value short', () => {
    const message = /^--listen: .{0,220}…"$/
    expect(() => resolveSettings(someSources({ flags: { listen: 'x'.repeat(5000) } }))).toThrow(message)
  })

  it('read IPv6 addresses in brackets', () => {
    expect(resolveSettings(someSources({ flags: { listen: '[::1]:0' } })).settings.listen).toEqual({
      host: '::1',
      port: 0,
    })
  })

  it('have one variable each', () => {
    expect(settingNames().map(variableOf)).toEqual([
      'RUNTIMECONFIG_DATA',
      'RUNTIMECONFIG_LISTEN',
      'RUNTIMECONFIG_TRUST_PROXY',
      'RUNTIMECONFIG_REQUESTS_PER_MINUTE',
      'RUNTIMECONFIG_LEGACY_KEY',
      'RUNTIMECONFIG_LOG_LEVEL',
      'RUNTIMECONFIG_LOG_FORMAT',
      'RUNTIMECONFIG_SERVER',
      'RUNTIMECONFIG_TOKEN_FILE',
    ])
  })
})
