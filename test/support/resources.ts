import type { ObjectOf } from '#crds/kinds.ts'

const API_VERSION = 'agent.wecode.io/v1'

/** The `codex` of the product, with parts of its spec replaced. */
export function aRuntime(
  overrides: Partial<ObjectOf<'Runtime'>['spec']> & { name?: string } = {},
): ObjectOf<'Runtime'> {
  const { name = 'codex', ...spec } = overrides
  return {
    apiVersion: API_VERSION,
    kind: 'Runtime',
    metadata: { name },
    spec: {
      displayName: 'Codex',
      auth: { targetPath: '~/.codex/auth.json', format: 'json', validation: { maxBytes: 524_288 } },
      proxy: { schemes: ['http', 'https', 'socks5'] },
      ...spec,
    },
  }
}

/** A stored login of `codex`. */
export function aUserRuntimeConfig(
  overrides: Partial<ObjectOf<'UserRuntimeConfig'>['spec']> = {},
): ObjectOf<'UserRuntimeConfig'> {
  return {
    apiVersion: API_VERSION,
    kind: 'UserRuntimeConfig',
    metadata: { name: 'codex', namespace: 'user-7' },
    spec: {
      runtime: 'codex',
      auth: {
        format: 'json',
        targetPath: '~/.codex/auth.json',
        encryptedValue: 'sealed-auth',
        sha256: 'a'.repeat(64),
        updatedAt: '2026-11-21T09:00:00.000Z',
      },
      updatedAt: '2026-11-21T09:30:00.000Z',
      ...overrides,
    },
  }
}

/** A saved proxy, whose status is not written yet unless a mask is given. */
export function aUserProxyConfig(
  overrides: { readonly maskedUrl?: string; readonly isCleared?: boolean } = {},
): ObjectOf<'UserProxyConfig'> {
  const proxy = { encryptedUrl: 'sealed-url', sha256: 'b'.repeat(64), updatedAt: '2026-11-21T08:00:00.000Z' }
  return {
    apiVersion: API_VERSION,
    kind: 'UserProxyConfig',
    metadata: { name: 'default', namespace: 'user-7' },
    spec: { ...(overrides.isCleared !== true && { proxy }), updatedAt: '2026-11-21T08:30:00.000Z' },
    ...(overrides.maskedUrl !== undefined && { status: { maskedUrl: overrides.maskedUrl } }),
  }
}
