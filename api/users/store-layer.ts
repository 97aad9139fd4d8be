import type { ApiContext } from '#api/deps.ts'
import type { Runtime } from '#core/runtimes.ts'
import type { Secret } from '#core/secret.ts'
import { timeAfter } from '#core/time-after.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { layerPlace } from '#secrets/places.ts'
import type { User } from '#store/users.ts'

import { writeSpec } from './store-document.ts'

/** Whose layer it is, and what it replaces. */
export interface LayerOwner {
  readonly user: User
  readonly runtime: Runtime
  readonly config: ObjectOf<'UserRuntimeConfig'> | undefined
  readonly format: 'toml' | 'json'
}

/** A user layer to store. */
export interface UserLayer {
  readonly text: Secret<string>
  /** Fingerprint of what the text says. */
  readonly version: string
}

/**
 * Stores a user's layer in place of the one that was read; a login and its policies stay.
 * Rejects with `CONFLICT` or `ALREADY_EXISTS` when the resource changed since it was read.
 */
export async function storeLayer(api: ApiContext, owner: LayerOwner, layer: UserLayer): Promise<void> {
  const { user, runtime, config: stored, format } = owner
  const encryptedValue = await api.sealer.seal(layer.text, layerPlace(user, runtime.metadata.name))
  const updatedAt = timeAfter(api.clock.now(), stored?.spec.config?.updatedAt)
  const config = { format, encryptedValue, version: layer.version, updatedAt }
  await writeSpec(api, owner, { config, updatedAt: timeAfter(api.clock.now(), stored?.spec.updatedAt) })
}
