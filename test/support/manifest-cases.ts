import type { KindName } from '#crds/kinds.ts'

import { aManifest, HASH, type Manifest, withNull } from './manifests.ts'

/** One manifest and what a server says to it. `test/crds` asks our validators, `test/cluster` a real API server. */
export interface ManifestCase {
  readonly title: string
  readonly kind: KindName
  readonly manifest: Manifest
  /** What is stored already; the manifest then replaces it. */
  readonly stored?: Manifest
  /** The manifest is written through the status sub-resource. */
  readonly isStatus?: true
  /** Where it is refused; `null`: it is accepted. */
  readonly refusedAt: string | null
}

type Row = readonly [title: string, patch: Manifest, refusedAt: string | null]

const urc = rows('UserRuntimeConfig', [
  ['every field', {}, null],
  ['only a runtime', { spec: { auth: null, config: null, suspend: null, updatedAt: null } }, null],
  [
    'policies before a document',
    { spec: { auth: { encryptedValue: null, sha256: null, updatedAt: null } } },
    null,
  ],
  ['a name other than its runtime', { metadata: { name: 'claude' } }, 'spec.runtime'],
  ['a runtime other than its name', { spec: { runtime: 'claude' } }, 'spec.runtime'],
  ['no runtime', { spec: { runtime: null } }, 'spec.runtime'],
  ['a runtime in upper case', { spec: { runtime: 'Codex' } }, 'spec.runtime'],
  ['a runtime of 63 characters', named('x'.repeat(63)), null],
  ['a runtime of 64 characters', named('x'.repeat(64)), 'spec.runtime'],
  ['a runtime that is a number', { spec: { runtime: 5 } }, 'spec.runtime'],
  ['no spec', { spec: null }, 'spec'],
  ['a spec that is a list', { spec: [] }, 'spec'],
  [
    'a secret reference',
    auth({ encryptedValue: null, sha256: null, secretRef: { name: 's', key: 'auth.json' } }),
    null,
  ],
  ['a secret reference and a value', auth({ secretRef: { name: 's', key: 'k' } }), 'spec.auth'],
  [
    'a secret reference without a key',
    auth({ encryptedValue: null, sha256: null, secretRef: { name: 's' } }),
    'spec.auth.secretRef.key',
  ],
  [
    'a secret with a bad name',
    auth({ encryptedValue: null, sha256: null, secretRef: { name: 'S_', key: 'k' } }),
    'spec.auth.secretRef.name',
  ],
  [
    'a secret with a bad key',
    auth({ encryptedValue: null, sha256: null, secretRef: { name: 's', key: 'a/b' } }),
    'spec.auth.secretRef.key',
  ],
  ['a value without a digest', auth({ sha256: null }), 'spec.auth'],
  ['a digest without a value', auth({ encryptedValue: null }), 'spec.auth'],
  ['a digest in upper case', auth({ sha256: 'A'.repeat(64) }), 'spec.auth.sha256'],
  ['an empty value', auth({ encryptedValue: '' }), 'spec.auth.encryptedValue'],
  ['a document that is not JSON', auth({ format: 'toml' }), 'spec.auth.format'],
  ['auth without a format', auth({ format: null }), 'spec.auth.format'],
  ['auth without a target path', auth({ targetPath: null }), 'spec.auth.targetPath'],
  ['an absolute target path', auth({ targetPath: '/etc/passwd' }), 'spec.auth.targetPath'],
  ['a target path that climbs', auth({ targetPath: '~/../x' }), 'spec.auth.targetPath'],
  ['a target path that ends climbing', auth({ targetPath: '~/x/..' }), 'spec.auth.targetPath'],
  ['a target path with two dots in a name', auth({ targetPath: '~/a..b/..c' }), null],
  ['a target path with a dot segment', auth({ targetPath: '~/./x' }), 'spec.auth.targetPath'],
  ['a target path with an empty segment', auth({ targetPath: '~//x' }), 'spec.auth.targetPath'],
  ['a target path that names a folder', auth({ targetPath: '~/x/' }), 'spec.auth.targetPath'],
  ['a target path with a line break', auth({ targetPath: '~/x\ny' }), 'spec.auth.targetPath'],
  ['a target path with a NUL', auth({ targetPath: '~/x\u0000y' }), 'spec.auth.targetPath'],
  ['a target path in Chinese', auth({ targetPath: '~/配置/登录.json' }), null],
  ['a target path of 1024 emoji', auth({ targetPath: `~/${'😀'.repeat(1022)}` }), null],
  ['a target path of 1025 emoji', auth({ targetPath: `~/${'😀'.repeat(1023)}` }), 'spec.auth.targetPath'],
  ['an unknown update policy', auth({ updatePolicy: 'Always' }), 'spec.auth.updatePolicy'],
  ['an unknown removal policy', auth({ removalPolicy: 'Delete' }), 'spec.auth.removalPolicy'],
  ['a time with an offset', auth({ updatedAt: '2026-11-21T10:00:00+00:00' }), null],
  ['a time with microseconds', auth({ updatedAt: '2026-11-21T10:00:00.123456Z' }), null],
  ['a time without a zone', auth({ updatedAt: '2026-11-21T10:00:00.000' }), 'spec.auth.updatedAt'],
  ['a time in lower case', auth({ updatedAt: '2026-11-21t10:00:00z' }), 'spec.auth.updatedAt'],
  ['the 30th of February', auth({ updatedAt: '2026-02-30T10:00:00Z' }), 'spec.auth.updatedAt'],
  ['the 29th of February 2000', auth({ updatedAt: '2000-02-29T10:00:00Z' }), null],
  ['hour 24', auth({ updatedAt: '2026-11-21T24:00:00Z' }), 'spec.auth.updatedAt'],
  ['second 60', auth({ updatedAt: '2026-11-21T10:00:60Z' }), 'spec.auth.updatedAt'],
  ['an offset of 24 hours', auth({ updatedAt: '2026-11-21T10:00:00+24:00' }), 'spec.auth.updatedAt'],
  ['a config without a version', { spec: { config: { version: null } } }, 'spec.config.version'],
  ['a config version without its prefix', { spec: { config: { version: HASH } } }, 'spec.config.version'],
  ['a config in YAML', { spec: { config: { format: 'yaml' } } }, 'spec.config.format'],
  ['suspend as a text', { spec: { suspend: 'true' } }, 'spec.suspend'],
])

const upc = rows('UserProxyConfig', [
  ['every field', {}, null],
  ['no proxy', { spec: { proxy: null } }, null],
  ['an empty spec', { spec: { proxy: null, updatedAt: null } }, null],
  ['another name', { metadata: { name: 'work' } }, 'metadata.name'],
  ['a proxy without a digest', { spec: { proxy: { sha256: null } } }, 'spec.proxy.sha256'],
  ['a proxy without a time', { spec: { proxy: { updatedAt: null } } }, 'spec.proxy.updatedAt'],
  [
    'a sealed URL that is too long',
    { spec: { proxy: { encryptedUrl: 'x'.repeat(16385) } } },
    'spec.proxy.encryptedUrl',
  ],
])

const dev = rows('Device', [
  ['every field', {}, null],
  ['an id that is no name, and a hash for a name', device('Ada’s Mac', `dev-${'0'.repeat(32)}`), null],
  ['an id that is no name, and a free name', device('Ada’s Mac', 'mac'), 'spec.deviceId'],
  ['a hash in upper case', { metadata: { name: `dev-${'A'.repeat(32)}` } }, 'metadata.name'],
  ['a name of 63 characters', device('d'.repeat(63), 'd'.repeat(63)), null],
  ['a name of 64 characters', device('d'.repeat(64), 'd'.repeat(64)), 'metadata.name'],
  ['an id of 100 emoji', device('😀'.repeat(100), `dev-${'0'.repeat(32)}`), null],
  ['an id of 101 emoji', device('😀'.repeat(101), `dev-${'0'.repeat(32)}`), 'spec.deviceId'],
  ['an empty display name', { spec: { displayName: '' } }, 'spec.displayName'],
  ['no display name', { spec: { displayName: null } }, 'spec.displayName'],
  ['no device type', { spec: { deviceType: null } }, 'spec.deviceType'],
  ['an unknown device type', { spec: { deviceType: 'phone' } }, 'spec.deviceType'],
])

const rt = rows('Runtime', [
  ['every field', {}, null],
  [
    'as little as can be',
    {
      spec: {
        processName: null,
        proxy: null,
        config: null,
        auth: { homeVariable: null, fields: null, validation: null },
      },
    },
    null,
  ],
  ['a validation without a limit', { spec: { auth: { validation: { maxBytes: null } } } }, null],
  ['a name with a dot', { metadata: { name: 'codex.next' } }, 'metadata.name'],
  ['a name of 64 characters', { metadata: { name: 'r'.repeat(64) } }, 'metadata.name'],
  ['no auth', { spec: { auth: null } }, 'spec.auth'],
  [
    'a limit of one byte',
    { spec: { auth: { validation: { maxBytes: 1 } } } },
    'spec.auth.validation.maxBytes',
  ],
  ['a limit of a megabyte', { spec: { auth: { validation: { maxBytes: 1048576 } } } }, null],
  [
    'a limit over a megabyte',
    { spec: { auth: { validation: { maxBytes: 1048577 } } } },
    'spec.auth.validation.maxBytes',
  ],
  [
    'a limit with a fraction',
    { spec: { auth: { validation: { maxBytes: 2.5 } } } },
    'spec.auth.validation.maxBytes',
  ],
  ['a target path outside the home', { spec: { auth: { targetPath: '/etc/x' } } }, 'spec.auth.targetPath'],
  ['a target path that climbs', { spec: { auth: { targetPath: '~/a/../../x' } } }, 'spec.auth.targetPath'],
  ['a target path that names a folder', { spec: { auth: { targetPath: '~/x/' } } }, 'spec.auth.targetPath'],
  ['a target path with a tab', { spec: { auth: { targetPath: '~/x\ty' } } }, 'spec.auth.targetPath'],
  ['a variable of the system', { spec: { auth: { homeVariable: 'HOME' } } }, 'spec.auth.homeVariable'],
  [
    'a variable of the wire',
    { spec: { auth: { homeVariable: 'WEGENT_RUNTIME_CONFIG_CONTENT' } } },
    'spec.auth.homeVariable',
  ],
  ['a variable in lower case', { spec: { auth: { homeVariable: 'codex_home' } } }, 'spec.auth.homeVariable'],
  [
    'a pointer without a slash',
    { spec: { auth: { fields: { accountId: 'tokens' } } } },
    'spec.auth.fields.accountId',
  ],
  [
    'a pointer with a bare tilde',
    { spec: { auth: { fields: { accountId: '/a~2b' } } } },
    'spec.auth.fields.accountId',
  ],
  [
    'no fields in fields',
    { spec: { auth: { fields: { accountId: null, refreshToken: null, lastRefresh: null } } } },
    'spec.auth.fields',
  ],
  ['a process name with a slash', { spec: { processName: 'bin/codex' } }, 'spec.processName'],
  ['no schemes', { spec: { proxy: { schemes: [] } } }, null],
  ['an unknown scheme', { spec: { proxy: { schemes: ['ftp'] } } }, 'spec.proxy.schemes[0]'],
  ['a scheme twice', { spec: { proxy: { schemes: ['http', 'http'] } } }, 'spec.proxy.schemes[1]'],
  [
    'too many schemes',
    { spec: { proxy: { schemes: ['http', 'https', 'socks5', 'http'] } } },
    'spec.proxy.schemes',
  ],
  ['the login as the config file', { spec: { config: { path: '~/.gemini/oauth.json' } } }, 'spec'],
  ['a config path outside the home', { spec: { config: { path: '/etc/x' } } }, 'spec.config.path'],
  ['a config path that climbs', { spec: { config: { path: '~/../x' } } }, 'spec.config.path'],
  ['a config path that names a folder', { spec: { config: { path: '~/x/' } } }, 'spec.config.path'],
  ['a config path with a bell', { spec: { config: { path: '~/x\u0007' } } }, 'spec.config.path'],
  ['a config in INI', { spec: { config: { format: 'ini' } } }, 'spec.config.format'],
  [
    'a document schema that is a text',
    { spec: { auth: { validation: { schema: 'object' } } } },
    'spec.auth.validation.schema',
  ],
])

const mrc = rows('ManagedRuntimeConfig', [
  ['every field', {}, null],
  ['only a config', { spec: { requirements: null, selector: null } }, null],
  ['only requirements', { spec: { config: null, selector: null } }, null],
  ['neither config nor requirements', { spec: { config: null, requirements: null } }, 'spec'],
  [
    'an empty selector',
    { spec: { selector: { users: null, matchLabels: null, matchExpressions: null } } },
    null,
  ],
  ['a selector of nobody', { spec: { selector: { users: [] } } }, 'spec.selector.users'],
  ['a user twice', { spec: { selector: { users: ['ada', 'ada'] } } }, 'spec.selector.users[1]'],
  [
    'a label key that is none',
    { spec: { selector: { matchLabels: { 'a b': 'x' } } } },
    'spec.selector.matchLabels',
  ],
  [
    'a label value that is none',
    { spec: { selector: { matchLabels: { a: '-' } } } },
    'spec.selector.matchLabels.a',
  ],
  [
    'a label value that is a number',
    { spec: { selector: { matchLabels: { a: 5 } } } },
    'spec.selector.matchLabels.a',
  ],
  ['In without values', expression({ operator: 'In' }), 'spec.selector.matchExpressions[0]'],
  [
    'NotIn with an empty list',
    expression({ operator: 'NotIn', values: [] }),
    'spec.selector.matchExpressions[0]',
  ],
  [
    'Exists with values',
    expression({ operator: 'Exists', values: ['x'] }),
    'spec.selector.matchExpressions[0]',
  ],
  ['Exists with an empty list', expression({ operator: 'Exists', values: [] }), null],
  [
    'an unknown operator',
    expression({ operator: 'Like', values: ['x'] }),
    'spec.selector.matchExpressions[0].operator',
  ],
  ['a config that is too long', { spec: { config: 'x'.repeat(262145) } }, 'spec.config'],
  ['a name of 64 characters', { metadata: { name: 'm'.repeat(64) } }, 'metadata.name'],
])

const user = rows('User', [
  ['every field', {}, null],
  ['no preferences', { spec: { preferences: null } }, null],
  [
    'preferences that make no sense',
    { spec: { preferences: { runtime_configs: 'no', deep: { a: [{}] } } } },
    null,
  ],
  ['preferences that are a list', { spec: { preferences: [] } }, 'spec.preferences'],
  ['no subject', { spec: { subject: null } }, 'spec.subject'],
  ['an empty subject', { spec: { subject: '' } }, 'spec.subject'],
  ['a namespace of the cluster', { spec: { namespace: 'kube-system' } }, 'spec.namespace'],
  ['the namespace of everybody', { spec: { namespace: 'default' } }, 'spec.namespace'],
  ['a namespace with a dot', { spec: { namespace: 'a.b' } }, 'spec.namespace'],
  ['an administrator who is deactivated', { spec: { role: 'admin', suspend: true } }, null],
  ['a role that is none', { spec: { role: 'root' } }, 'spec.role'],
  ['a suspension that is a text', { spec: { suspend: 'yes' } }, 'spec.suspend'],
  ['an e-mail address of 254 characters', { spec: { email: 'a'.repeat(254) } }, null],
  ['an e-mail address of 255 characters', { spec: { email: 'a'.repeat(255) } }, 'spec.email'],
  ['an empty e-mail address', { spec: { email: '' } }, 'spec.email'],
  ['a name of 64 characters', { metadata: { name: 'u'.repeat(64) } }, 'metadata.name'],
])

const metadata = rows('Runtime', [
  [
    'labels and annotations',
    { metadata: { labels: { 'a.b/c': 'd', e: '' }, annotations: { 'A.b/c': '\n any text' } } },
    null,
  ],
  [
    'a finalizer and an owner',
    { metadata: { finalizers: ['agent.wecode.io/cleanup'], ownerReferences: [owner()] } },
    null,
  ],
  ['a name in upper case', { metadata: { name: 'Codex' } }, 'metadata.name'],
  ['a name of 254 characters', { metadata: { name: 'x'.repeat(254) } }, 'metadata.name'],
  ['a label key with two slashes', { metadata: { labels: { 'a/b/c': 'd' } } }, 'metadata.labels'],
  ['a label key prefix in upper case', { metadata: { labels: { 'A.b/c': 'd' } } }, 'metadata.labels'],
  ['a label key of 64 characters', { metadata: { labels: { ['k'.repeat(64)]: 'd' } } }, 'metadata.labels'],
  ['a label value with a space', { metadata: { labels: { a: 'b c' } } }, 'metadata.labels'],
  ['an annotation key with a space', { metadata: { annotations: { 'a b': 'c' } } }, 'metadata.annotations'],
  ['annotations of 256 KiB', { metadata: { annotations: { a: 'x'.repeat(262143) } } }, null],
  [
    'annotations over 256 KiB',
    { metadata: { annotations: { a: 'x'.repeat(262144) } } },
    'metadata.annotations',
  ],
  ['a finalizer that is no name', { metadata: { finalizers: ['clean up'] } }, 'metadata.finalizers'],
  [
    'an owner without a uid',
    { metadata: { ownerReferences: [owner({ uid: '' })] } },
    'metadata.ownerReferences',
  ],
  [
    'two controllers',
    { metadata: { ownerReferences: [owner({ controller: true }), owner({ uid: 'v', controller: true })] } },
    'metadata.ownerReferences',
  ],
])

const changes = [
  change('UserRuntimeConfig', [
    'a runtime configuration whose document changes',
    auth({ sha256: 'b'.repeat(64) }),
    null,
  ]),
  change('UserRuntimeConfig', [
    'a runtime configuration whose runtime changes',
    { spec: { runtime: 'claude' } },
    'spec.runtime',
  ]),
  change('Device', ['a device that is suspended', { spec: { suspend: true } }, null]),
  change('Device', ['a device whose id changes', { spec: { deviceId: 'device-2' } }, 'spec.deviceId']),
  change('ManagedRuntimeConfig', [
    'a managed config whose runtime changes',
    { spec: { runtime: 'claude' } },
    'spec.runtime',
  ]),
  change('User', ['a user whose subject changes', { spec: { subject: 'ada@example.org' } }, null]),
  change('User', ['a user whose namespace changes', { spec: { namespace: 'user-eve' } }, 'spec.namespace']),
  change('Runtime', ['a runtime whose target path changes', { spec: { auth: { targetPath: '~/x' } } }, null]),
]

const statuses = [
  status('Device', ['a complete status', {}, null]),
  status('UserRuntimeConfig', ['a complete status', {}, null]),
  status('UserProxyConfig', ['a complete status', {}, null]),
  status('Runtime', ['a complete status', {}, null]),
  status('ManagedRuntimeConfig', ['a complete status', {}, null]),
  status('User', ['a complete status', {}, null]),
  status('UserRuntimeConfig', ['counts below zero', { devices: { online: -1 } }, 'status.devices.online']),
  status('UserRuntimeConfig', [
    'counts over 32 bits',
    { devices: { online: 2 ** 31 } },
    'status.devices.online',
  ]),
  status('UserRuntimeConfig', ['counts that lack one', { devices: { stale: null } }, 'status.devices.stale']),
  status('Device', ['a runtime twice', { runtimes: [row(), row()] }, 'status.runtimes[1]']),
  status('Device', [
    'a state that does not exist',
    { runtimes: [row({ state: 'Odd' })] },
    'status.runtimes[0].state',
  ]),
  status('Device', [
    'a runtime without a name',
    { runtimes: [{ state: 'InSync' }] },
    'status.runtimes[0].name',
  ]),
  status('Device', [
    'a digest that is none',
    { runtimes: [row({ digest: 'x' })] },
    'status.runtimes[0].digest',
  ]),
  status('Device', [
    'a condition without a reason',
    { conditions: [condition({ reason: '' })] },
    'status.conditions[0].reason',
  ]),
  status('Device', [
    'a condition with a reason in two words',
    { conditions: [condition({ reason: 'Up To' })] },
    'status.conditions[0].reason',
  ]),
  status('Device', [
    'a condition that is maybe',
    { conditions: [condition({ status: 'Maybe' })] },
    'status.conditions[0].status',
  ]),
  status('Device', ['a condition twice', { conditions: [condition(), condition()] }, 'status.conditions[1]']),
  status('Device', [
    'a heartbeat that is no time',
    { lastHeartbeatTime: 'yesterday, at about ten' },
    'status.lastHeartbeatTime',
  ]),
]

const nulls: readonly ManifestCase[] = [
  {
    title: 'null for an optional field',
    kind: 'UserRuntimeConfig',
    manifest: withNull(aManifest('UserRuntimeConfig'), 'spec.suspend'),
    refusedAt: null,
  },
  {
    title: 'null for a required field',
    kind: 'UserRuntimeConfig',
    manifest: withNull(aManifest('UserRuntimeConfig'), 'spec.runtime'),
    refusedAt: 'spec.runtime',
  },
  {
    title: 'null for a field with a default',
    kind: 'Runtime',
    manifest: withNull(aManifest('Runtime'), 'spec.auth.validation'),
    refusedAt: null,
  },
  {
    title: 'null in a map',
    kind: 'ManagedRuntimeConfig',
    manifest: withNull(aManifest('ManagedRuntimeConfig'), 'spec.selector.matchLabels.tier'),
    refusedAt: null,
  },
  {
    title: 'null in a list',
    kind: 'ManagedRuntimeConfig',
    manifest: aManifest('ManagedRuntimeConfig', { spec: { selector: { users: [null] } } }),
    refusedAt: 'spec.selector.users[0]',
  },
  {
    title: 'null in preferences',
    kind: 'User',
    manifest: withNull(aManifest('User'), 'spec.preferences.runtime_configs'),
    refusedAt: null,
  },
]

/** Every rule, bound and enumeration of the kinds, with manifests that keep it and manifests that break it. */
export const MANIFEST_CASES: readonly ManifestCase[] = [
  urc,
  upc,
  dev,
  rt,
  mrc,
  user,
  metadata,
  changes,
  statuses,
  nulls,
].flat()

function rows(kind: KindName, table: readonly Row[]): readonly ManifestCase[] {
  return table.map(([title, patch, refusedAt]) => ({
    title,
    kind,
    manifest: aManifest(kind, patch),
    refusedAt,
  }))
}

function change(kind: KindName, [title, patch, refusedAt]: Row): ManifestCase {
  return { title, kind, stored: aManifest(kind), manifest: aManifest(kind, patch), refusedAt }
}

function status(kind: KindName, [title, patch, refusedAt]: Row): ManifestCase {
  const manifest = aManifest(kind, { status: patch })
  return { title, kind, stored: aManifest(kind), manifest, isStatus: true, refusedAt }
}

function auth(patch: Manifest): Manifest {
  return { spec: { auth: patch } }
}

function named(runtime: string): Manifest {
  return { metadata: { name: runtime }, spec: { runtime } }
}

function device(deviceId: string, name: string): Manifest {
  return { metadata: { name }, spec: { deviceId } }
}

function expression(patch: Manifest): Manifest {
  return { spec: { selector: { matchExpressions: [{ key: 'site', ...patch }] } } }
}

function owner(patch: Manifest = {}): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', name: 'n', uid: 'u', ...patch }
}

function row(patch: Manifest = {}): Manifest {
  return { name: 'codex', state: 'InSync', ...patch }
}

function condition(patch: Manifest = {}): Manifest {
  return {
    type: 'Online',
    status: 'True',
    lastTransitionTime: '2026-11-21T10:00:00Z',
    reason: 'Connected',
    message: '',
    ...patch,
  }
}
