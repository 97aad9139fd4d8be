import type { Logger, UserLookup } from '#controller/ports.ts'
import { isAppError } from '#core/errors.ts'
import type { Place, Sealer, SealingKeys } from '#secrets/seal.ts'
import { kidOf } from '#secrets/seal.ts'
import { findObject } from '#store/find-object.ts'
import type { ObjectKey, Store } from '#store/store.ts'

import {
  placeOfValue,
  type SealedKind,
  type SealedValue,
  sealedValuesOf,
  withSealedValues,
} from './sealed-values.ts'

/** What sealing anew stands on. */
export interface ResealDeps {
  readonly store: Pick<Store, 'get' | 'update'>
  readonly users: Pick<UserLookup, 'findByNamespace'>
  readonly sealer: Sealer
  readonly logger: Logger
}

/** One object that may hold values of an old key. */
export interface ResealTask {
  readonly kind: SealedKind
  readonly key: ObjectKey
  readonly keys: SealingKeys
}

/** What became of the values of one object: each is in at most one of them. */
export interface ResealResult {
  /** Those that were sealed anew, as they were before. */
  readonly replaced: readonly SealedValue[]
  /** Those that do not open. */
  readonly left: readonly SealedValue[]
}

const NOTHING: ResealResult = { replaced: [], left: [] }

/**
 * Seals the values of one object anew that are not sealed with the current key. Idempotent: it looks at what is stored.
 *
 * The update is conditional and changes ciphertexts alone: digests and times say what they said, so devices notice nothing.
 * Rejects with `CONFLICT` when the object changed meanwhile, and as the store does.
 */
export async function resealObject(task: ResealTask, deps: ResealDeps): Promise<ResealResult> {
  const { kind, key } = task
  const owner = deps.users.findByNamespace(key.namespace ?? '')
  const object = await findObject(deps.store, kind, key)
  // What is nobody's belongs nowhere; once it is somebody's, its turn comes.
  if (owner === undefined || object === undefined) return NOTHING
  const stale = sealedValuesOf(object).filter(({ text }) => kidOf(text) !== task.keys.current)
  const texts = new Map<SealedValue['field'], string>()
  for (const value of stale) {
    const text = await sealAnew(value.text, placeOfValue(owner, object, value), deps)
    if (text !== null) texts.set(value.field, text)
  }
  if (texts.size > 0) await deps.store.update(kind, withSealedValues(object, texts))
  const isReplaced = ({ field }: SealedValue) => texts.has(field)
  return { replaced: stale.filter(isReplaced), left: stale.filter((value) => !isReplaced(value)) }
}

/** `null`: it does not open here. Whoever looks at the object's status reads why. */
async function sealAnew(text: string, place: Place, { sealer, logger }: ResealDeps): Promise<string | null> {
  try {
    return await sealer.seal(await sealer.open(text, place), place)
  } catch (error) {
    if (!isAppError(error, 'DECRYPT_FAILED')) throw error
    const { kind, namespace, name, field } = place
    logger.warn(
      { kind, object: `${namespace}/${name}`, field },
      'a value that does not open is not sealed anew',
    )
    return null
  }
}
