import { isDeepStrictEqual } from 'node:util'

import { isAppError } from '#core/errors.ts'
import { BUILT_IN_RUNTIMES } from '#crds/types/runtimes.generated.ts'
import { findObject } from '#store/find-object.ts'
import type { NewObject, Store } from '#store/store.ts'

/** The generation this product wrote last. A resource with a later one was edited by an administrator. */
const SHIPPED_GENERATION = 'agent.wecode.io/shipped-generation'

/**
 * Makes the runtimes that ship with the product, and brings those that nobody edited up to this version.
 *
 * A runtime that an administrator edited stays as it is; one that was deleted comes back at the next start.
 */
export async function installBuiltInRuntimes(store: Store): Promise<void> {
  for (const shipped of BUILT_IN_RUNTIMES) await installOrLeave(store, shipped)
}

// Another replica that starts at the same time does the same.
async function installOrLeave(store: Store, shipped: NewObject<'Runtime'>): Promise<void> {
  try {
    await install(store, shipped)
  } catch (error) {
    if (!isAppError(error, 'ALREADY_EXISTS') && !isAppError(error, 'CONFLICT')) throw error
  }
}

async function install(store: Store, shipped: NewObject<'Runtime'>): Promise<void> {
  const current = await findObject(store, 'Runtime', { name: shipped.metadata.name })
  if (current === undefined) {
    await store.create('Runtime', withGeneration(shipped, 1))
    return
  }
  const isEdited = current.metadata.annotations?.[SHIPPED_GENERATION] !== String(current.metadata.generation)
  if (isEdited || isDeepStrictEqual(current.spec, shipped.spec)) return
  const next = { ...current, spec: shipped.spec }
  await store.update('Runtime', withGeneration(next, (current.metadata.generation ?? 0) + 1))
}

function withGeneration<R extends NewObject<'Runtime'>>(runtime: R, generation: number): R {
  const annotations = { ...runtime.metadata.annotations, [SHIPPED_GENERATION]: String(generation) }
  return { ...runtime, metadata: { ...runtime.metadata, annotations } }
}
