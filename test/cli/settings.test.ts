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
      store: 'sqlite',
      data: '/home/u/.local/share/runtimeconfig',
      keyring: 'auto',
      'signing-key': 'auto',
      listen: { host: '127.0.0.1', port: 8080 },
      'trust-proxy': 'none',
      'requests-per-minute': 6000,
      'legacy-key': 'none',
      kubeconfig: 'auto',
      'operator-namespace': 'auto',
      replica: 'auto',
      'peer-listen': 'none',
      'peer-url': 'none',
      'peer-token-file': 'none',
      'oidc-issuer': 'none',
      'oidc-audience': 'none',
      'oidc-subject-claim': 'sub',
      'oidc-groups-claim': 'groups',
      'oidc-create-users': false,
      'token-review': 'none',
      'admin-groups': [],
      'execution-groups': [],
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

  it('leave what Kubernetes says of a Service called runtimeconfig alone', () => {
    const environment = {
      HOME: '/home/u',
      RUNTIMECONFIG_SERVICE_HOST: '10.0.0.7',
      RUNTIMECONFIG_SERVICE_PORT_HTTP: '8080',
      RUNTIMECONFIG_PORT: 'tcp://10.0.0.7:8080',
      RUNTIMECONFIG_PORT_8080_TCP_ADDR: '10.0.0.7',
      RUNTIMECONFIG_PEERS_SERVICE_HOST: '10.0.0.8',
    }
    expect(
      resolveSettings(someSources({ environment })).origins.every((row) => row.origin === 'default'),
    ).toBe(true)
  })

  it.each([
    ['https://login.example/realms/a/', 'https://login.example/realms/a/'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['http://[::1]:3000/', 'http://[::1]:3000/'],
  ])('keep an issuer as it is spelt: %s', (written, kept) => {
    expect(resolveSettings(someSources({ flags: { 'oidc-issuer': written } })).settings['oidc-issuer']).toBe(
      kept,
    )
  })

  it.each(['http://login.example', 'http://localhost.example', 'https://me:secret@login.example', 'login'])(
    'refuse the issuer %s',
    (written) => {
      expect(() => resolveSettings(someSources({ flags: { 'oidc-issuer': written } }))).toThrow(
        '--oidc-issuer: expected oidc-issuer to be "none", or its https URL',
      )
    },
  )

  it('read a list of groups', () => {
    const flags = { 'admin-groups': 'platform team, system:masters' }
    expect(resolveSettings(someSources({ flags })).settings['admin-groups']).toEqual([
      'platform team',
      'system:masters',
    ])
    expect(() => resolveSettings(someSources({ flags: { 'admin-groups': 'a,,b' } }))).toThrow(
      '--admin-groups',
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
      'RUNTIMECONFIG_STORE',
      'RUNTIMECONFIG_DATA',
      'RUNTIMECONFIG_KEYRING',
      'RUNTIMECONFIG_SIGNING_KEY',
      'RUNTIMECONFIG_LISTEN',
      'RUNTIMECONFIG_TRUST_PROXY',
      'RUNTIMECONFIG_REQUESTS_PER_MINUTE',
      'RUNTIMECONFIG_LEGACY_KEY',
      'RUNTIMECONFIG_KUBECONFIG',
      'RUNTIMECONFIG_OPERATOR_NAMESPACE',
      'RUNTIMECONFIG_REPLICA',
      'RUNTIMECONFIG_PEER_LISTEN',
      'RUNTIMECONFIG_PEER_URL',
      'RUNTIMECONFIG_PEER_TOKEN_FILE',
      'RUNTIMECONFIG_OIDC_ISSUER',
      'RUNTIMECONFIG_OIDC_AUDIENCE',
      'RUNTIMECONFIG_OIDC_SUBJECT_CLAIM',
      'RUNTIMECONFIG_OIDC_GROUPS_CLAIM',
      'RUNTIMECONFIG_OIDC_CREATE_USERS',
      'RUNTIMECONFIG_TOKEN_REVIEW',
      'RUNTIMECONFIG_ADMIN_GROUPS',
      'RUNTIMECONFIG_EXECUTION_GROUPS',
      'RUNTIMECONFIG_LOG_LEVEL',
      'RUNTIMECONFIG_LOG_FORMAT',
      'RUNTIMECONFIG_SERVER',
      'RUNTIMECONFIG_TOKEN_FILE',
    ])
  })
})
