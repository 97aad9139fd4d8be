import { Secret } from '#core/secret.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { layerPlace } from '#secrets/places.ts'

import type { TestAnswer, TestApi } from './api-server.ts'
import { CODEX } from './api-stories.ts'
import { until } from './until.ts'

/** Path of one runtime's layered configuration. */
export const CONFIG = `${CODEX}/config`

/** The version of a layer that says nothing. */
export const EMPTY_VERSION = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'

/** What the user layer of codex is called. */
export const USER_LAYER = { type: 'user', file: '~/.codex/config.toml' } as const

/** One edit as it is sent; `replace` unless told otherwise. */
export function anEdit(keyPath: string, value: unknown, mergeStrategy = 'replace'): object {
  return { keyPath, value, mergeStrategy }
}

/** Edits the user layer of codex. */
export function edit(
  api: TestApi,
  edits: readonly object[],
  request: { readonly expectedVersion?: unknown; readonly token?: string; readonly path?: string } = {},
): Promise<TestAnswer> {
  const { path = CONFIG, token = api.token, ...rest } = request
  return api.call('PUT', path, { body: { edits, ...rest }, token })
}

/** What an administrator sets. */
export interface ManagedSetup {
  readonly name?: string
  readonly runtime?: string
  readonly config?: string
  readonly requirements?: string
  readonly selector?: ObjectOf<'ManagedRuntimeConfig'>['spec']['selector']
}

/** A manifest of what an administrator sets. */
function aManagedConfig({ name = 'company', runtime = 'codex', ...spec }: ManagedSetup): object {
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'ManagedRuntimeConfig',
    metadata: { name },
    spec: { runtime, ...spec },
  }
}

/** Applies it as an administrator does. */
export async function applyManaged(api: TestApi, setup: ManagedSetup): Promise<TestAnswer> {
  const token = await api.tokenFor('root', ['admin'])
  return api.call('POST', '/v1/namespaces/default/apply', { token, body: aManagedConfig(setup) })
}

/** The text of a user's layer as it is stored. */
export async function storedText(api: TestApi, runtime = 'codex'): Promise<string> {
  const { spec } = await api.store.get('UserRuntimeConfig', { namespace: 'user-1', name: runtime })
  const sealed = spec.config?.encryptedValue ?? ''
  return (await api.sealer.open(sealed, layerPlace({ id: '1', namespace: 'user-1' }, runtime))).open()
}

/** Puts a text in place of a user's layer behind the API's back, whatever it says. */
export async function storeText(api: TestApi, text: string, sealed?: string): Promise<void> {
  const stored = await api.store.get('UserRuntimeConfig', { namespace: 'user-1', name: 'codex' })
  const place = layerPlace({ id: '1', namespace: 'user-1' }, 'codex')
  const encryptedValue = sealed ?? (await api.sealer.seal(new Secret(text), place))
  const updatedAt = '2026-11-21T09:00:00.000Z'
  const config = { format: 'toml' as const, encryptedValue, version: EMPTY_VERSION, updatedAt }
  const { metadata } = await api.store.update('UserRuntimeConfig', {
    ...stored,
    spec: { ...stored.spec, config },
  })
  await until(() => api.caches.configs.get(metadata)?.metadata.resourceVersion === metadata.resourceVersion)
}
