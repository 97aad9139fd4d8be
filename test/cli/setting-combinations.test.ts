import { describe, expect, it } from 'vitest'

import { resolveSettings } from '#cli/resolve-settings.ts'
import { refuseOddCombinations } from '#cli/setting-combinations.ts'

type Flags = Readonly<Record<string, string>>

function check(flags: Flags, environment: Flags = {}): void {
  refuseOddCombinations(
    resolveSettings({ flags, environment: { HOME: '/h', ...environment }, file: null }).origins,
  )
}

const CLUSTER = { store: 'kubernetes', keyring: '/keys/keyring.json', 'signing-key': '/keys/signing-key.pem' }
const OIDC = { 'oidc-issuer': 'https://login.example', 'oidc-audience': 'runtimeconfig' }

describe('settings that make sense together', () => {
  it.each<[string, Flags]>([
    ['nothing said', {}],
    [
      'the defaults said',
      { store: 'sqlite', 'peer-listen': 'none', 'oidc-subject-claim': 'sub', replica: 'auto' },
    ],
    ['a server of its own with keys from elsewhere', { keyring: '/k', 'signing-key': '/s' }],
    ['a single replica in a cluster', CLUSTER],
    [
      'one of several',
      {
        ...CLUSTER,
        'peer-listen': '0.0.0.0:8081',
        'peer-url': 'http://10.0.0.7:8081',
        'peer-token-file': '/t',
      },
    ],
    ['a provider for a server of its own', { ...OIDC, 'oidc-create-users': 'true', 'admin-groups': 'a' }],
    [
      'service accounts in a cluster',
      { ...CLUSTER, 'token-review': 'runtime-config-operator/api', 'execution-groups': 'b' },
    ],
  ])('are taken: %s', (_what, flags) => {
    expect(() => check(flags)).not.toThrow()
  })
})

describe('settings that make no sense together', () => {
  it.each<[string, Flags, string]>([
    [
      'a cluster with keys of its own making',
      { store: 'kubernetes' },
      'keyring: expected a file, because all replicas of a cluster share their keys; make them with runtimeconfig keys create FOLDER, mount them from a Secret, and name the file with --keyring',
    ],
    [
      'a cluster with a signing key of its own making',
      { store: 'kubernetes', keyring: '/k' },
      'signing-key: expected a file, because all replicas of a cluster share their keys; make them with runtimeconfig keys create FOLDER, mount them from a Secret, and name the file with --signing-key',
    ],
    [
      'a replica without a cluster',
      { replica: 'a' },
      '--replica: replica is for --store kubernetes; add that, or leave this out',
    ],
    [
      'a token review without a cluster',
      { 'token-review': 'x' },
      '--token-review: token-review is for --store kubernetes; add that, or leave this out',
    ],
    [
      'peers without an address',
      { ...CLUSTER, 'peer-listen': '0.0.0.0:8081' },
      '--peer-listen: peer-listen needs peer-url as well; name all of peer-listen, peer-url, peer-token-file, or none for a single replica',
    ],
    [
      'an audience without an issuer',
      { 'oidc-audience': 'runtimeconfig' },
      '--oidc-audience: oidc-audience needs an oidc-issuer; name it, or leave this out',
    ],
    [
      'an issuer without an audience',
      { 'oidc-issuer': 'https://login.example' },
      'oidc-audience: expected the client id of this installation at https://login.example: tokens that it issued for others are no sign of anybody here',
    ],
    [
      'groups that nobody names',
      { 'admin-groups': 'platform' },
      '--admin-groups: admin-groups needs an oidc-issuer or a token-review: no other token names groups; name one, or leave this out',
    ],
  ])('are refused by name: %s', (_what, flags, message) => {
    expect(() => check(flags)).toThrow(expect.objectContaining({ code: 'SETTING_INVALID', message }))
  })

  it('are refused by the variable that said them', () => {
    expect(() => check({}, { RUNTIMECONFIG_PEER_URL: 'http://10.0.0.7:8081' })).toThrow(
      'RUNTIMECONFIG_PEER_URL: peer-url is for --store kubernetes',
    )
  })
})
