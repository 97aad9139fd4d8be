import { findRuntime, type Runtime, runtimeNameOf } from '#core/runtimes.ts'
import { findObject } from '#store/find-object.ts'

import type { ApiContext } from './deps.ts'

/**
 * Finds a registered runtime. One that is not in memory yet is asked of the store, so that a runtime works from the moment
 * it was applied. Rejects with `RUNTIME_UNSUPPORTED`.
 */
export async function lookUpRuntime(api: ApiContext, text: string): Promise<Runtime> {
  const name = runtimeNameOf(text)
  const known = api.caches.runtimes.get({ name })
  if (known !== undefined) return known
  const stored = await findObject(api.store, 'Runtime', { name })
  return findRuntime(stored === undefined ? [] : [stored], text)
}
