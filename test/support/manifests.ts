import { API_VERSION } from '#crds/group.ts'
import type { KindName } from '#crds/kinds.ts'

export type Manifest = Readonly<Record<string, unknown>>

const TIME = '2026-11-21T10:00:00.000Z'
export const HASH = 'a'.repeat(64)

const CONDITION = {
  type: 'Ready',
  status: 'True',
  observedGeneration: 1,
  lastTransitionTime: TIME,
  reason: 'UpToDate',
  message: 'every online device has the file',
}

/** One manifest of each kind with every field that the kind knows. */
const COMPLETE: Readonly<Record<KindName, Manifest>> = {
  UserRuntimeConfig: {
    metadata: { name: 'codex', namespace: 'default' },
    spec: {
      runtime: 'codex',
      auth: {
        format: 'json',
        targetPath: '~/.codex/auth.json',
        encryptedValue: 'sealed',
        sha256: HASH,
        updatedAt: TIME,
        updatePolicy: 'IfStale',
        removalPolicy: 'RemoveManaged',
      },
      config: { format: 'toml', encryptedValue: 'sealed', version: `sha256:${HASH}`, updatedAt: TIME },
      suspend: true,
      updatedAt: TIME,
    },
    status: {
      observedGeneration: 1,
      conditions: [CONDITION, { ...CONDITION, type: 'Synced', status: 'Unknown' }],
      devices: { online: 2, inSync: 1, missing: 1, stale: 0, failed: 0 },
      lastHandledSyncRequest: TIME,
    },
  },
  UserProxyConfig: {
    metadata: { name: 'default', namespace: 'default' },
    spec: { proxy: { encryptedUrl: 'sealed', sha256: HASH, updatedAt: TIME }, updatedAt: TIME },
    status: { observedGeneration: 1, conditions: [CONDITION], maskedUrl: 'http://***:***@127.0.0.1:7890' },
  },
  Device: {
    metadata: { name: 'device-1', namespace: 'default' },
    spec: { deviceId: 'device-1', displayName: 'Laptop', deviceType: 'local', suspend: false },
    status: {
      observedGeneration: 1,
      conditions: [{ ...CONDITION, type: 'Online' }],
      lastHeartbeatTime: TIME,
      executorVersion: '1.2.3',
      gateway: 'replica-0',
      runtimes: [
        {
          name: 'codex',
          state: 'InSync',
          targetPath: '/home/u/.codex/auth.json',
          digest: HASH,
          lastCommand: 'sync_runtime_auth_file',
          lastResult: 'written',
          lastSyncTime: TIME,
          attempts: 0,
          nextAttemptTime: TIME,
          config: {
            layers: [
              { type: 'user', version: `sha256:${HASH}` },
              { type: 'system', unreadable: true },
            ],
          },
          reason: 'UpToDate',
          message: 'the device has the file',
        },
      ],
    },
  },
  Runtime: {
    metadata: { name: 'gemini' },
    spec: {
      displayName: 'Gemini',
      processName: 'gemini',
      auth: {
        targetPath: '~/.gemini/oauth.json',
        format: 'json',
        homeVariable: 'GEMINI_HOME',
        fields: { accountId: '/account', refreshToken: '/tokens/refresh~1token', lastRefresh: '/at' },
        validation: { maxBytes: 4096, schema: { type: 'object', required: ['tokens'] } },
      },
      proxy: { schemes: ['http', 'https'] },
      config: { path: '~/.gemini/settings.json', format: 'json' },
    },
    status: { observedGeneration: 1, conditions: [CONDITION] },
  },
  ManagedRuntimeConfig: {
    metadata: { name: 'company' },
    spec: {
      runtime: 'codex',
      config: 'model = "x"\n',
      requirements: 'allowed_sandbox_modes = ["read-only"]\n',
      selector: {
        users: ['ada', 'linus'],
        matchLabels: { 'example.com/team': 'red', tier: '' },
        matchExpressions: [
          { key: 'site', operator: 'In', values: ['a', 'b'] },
          { key: 'contractor', operator: 'DoesNotExist' },
        ],
      },
    },
    status: { observedGeneration: 1, selectedUsers: 2, conditions: [CONDITION] },
  },
  User: {
    metadata: { name: 'ada' },
    spec: {
      subject: 'ada@example.com',
      namespace: 'user-ada',
      preferences: {
        send_key: 'cmd_enter',
        runtime_configs: { codex: { use_user_config: true, extra: [1] } },
      },
    },
    status: { observedGeneration: 1, conditions: [CONDITION] },
  },
}

/** Makes a manifest with every field of its kind; `patch` is a JSON merge patch, so `null` takes a field away. */
export function aManifest(kind: KindName, patch: Manifest = {}): Manifest {
  const base = { apiVersion: API_VERSION, kind, ...structuredClone(COMPLETE[kind]) }
  return merge(base, patch)
}

/** Makes a manifest that keeps `null` as a value where {@link aManifest} would take the field away. */
export function withNull(manifest: Manifest, path: string): Manifest {
  const [name = '', ...rest] = path.split('.')
  if (rest.length === 0) return { ...manifest, [name]: null }
  return { ...manifest, [name]: withNull(asManifest(manifest[name]), rest.join('.')) }
}

export function isManifest(value: unknown): value is Manifest {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function asManifest(value: unknown): Manifest {
  return isManifest(value) ? value : {}
}

function merge(base: Manifest, patch: Manifest): Manifest {
  const kept = Object.entries(base).filter(([name]) => patch[name] !== null)
  const changed = Object.entries(patch)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, isManifest(value) ? merge(asManifest(base[name]), value) : value])
  return { ...Object.fromEntries(kept), ...Object.fromEntries(changed) }
}
