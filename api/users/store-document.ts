import type { ApiContext } from '#api/deps.ts'
import type { AuthDocument } from '#core/auth-document.ts'
import { timeAfter } from '#core/time-after.ts'
import { API_VERSION } from '#crds/group.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { authPlace } from '#secrets/places.ts'
import type { NewObject } from '#store/store.ts'

import type { RuntimeState } from './state.ts'

type Config = ObjectOf<'UserRuntimeConfig'>

/**
 * Stores a login in place of the one that was read; its policies stay.
 * Rejects with `CONFLICT` or `ALREADY_EXISTS` when the resource changed since it was read.
 */
export async function storeDocument(
  api: ApiContext,
  state: RuntimeState,
  document: AuthDocument,
): Promise<RuntimeState> {
  const { user, runtime, config } = state
  const encryptedValue = await api.sealer.seal(document.normalForm, authPlace(user, runtime.metadata.name))
  // Also after one that was taken away meanwhile: devices remember what they got.
  const before = config?.spec.auth?.updatedAt ?? config?.spec.updatedAt
  const updatedAt = timeAfter(api.clock.now(), before)
  const { secretRef: _, ...kept } = config?.spec.auth ?? {}
  const { format, targetPath } = runtime.spec.auth
  const auth = { ...kept, format, targetPath, encryptedValue, sha256: document.sha256, updatedAt }
  return { ...state, config: await writeSpec(api, state, { auth, updatedAt }) }
}

/** Takes the stored login away and leaves everything else of the resource; does nothing when there is none. */
export async function removeDocument(api: ApiContext, state: RuntimeState): Promise<RuntimeState> {
  const auth = state.config?.spec.auth
  if (auth?.encryptedValue === undefined && auth?.secretRef === undefined) return state
  const { encryptedValue: _value, sha256: _sha256, updatedAt: before, secretRef: _ref, ...kept } = auth
  return {
    ...state,
    config: await writeSpec(api, state, { auth: kept, updatedAt: timeAfter(api.clock.now(), before) }),
  }
}

/**
 * Writes a change of what a user has for a runtime; makes the resource when there is none.
 * Rejects with `CONFLICT` or `ALREADY_EXISTS` when the resource changed since it was read.
 */
export function writeSpec(
  api: ApiContext,
  { user, runtime, config }: Pick<RuntimeState, 'user' | 'runtime' | 'config'>,
  change: Partial<Config['spec']>,
): Promise<Config> {
  const name = runtime.metadata.name
  const object: NewObject<'UserRuntimeConfig'> = {
    apiVersion: API_VERSION,
    kind: 'UserRuntimeConfig',
    metadata: config?.metadata ?? { name, namespace: user.namespace },
    spec: { ...config?.spec, runtime: name, ...change },
  }
  return config === undefined
    ? api.store.create('UserRuntimeConfig', object)
    : api.store.update('UserRuntimeConfig', object)
}
