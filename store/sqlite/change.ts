import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type { ObjectMatcher } from '#store/selectors.ts'
import type { WatchEvent } from '#store/store.ts'

import { fromStoredText, type Snapshot } from './stored-object.ts'

/** One change of one object. */
export interface Change {
  readonly version: number
  readonly kind: KindName
  /** 0 for cluster-scoped kinds. */
  readonly userId: number
  readonly name: string
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** The text after the change; `null` when the object is gone. */
  readonly json: string | null
  /** What was there before; `null` when nothing was. */
  readonly previous: Snapshot | null
}

/**
 * Says what a change means to a watch with a selection; `undefined` when it means nothing. An object that starts or stops
 * matching is added or deleted for it. A deleted object is shown as it was last, with the version of the change.
 */
export function toEvent<K extends KindName>(
  kind: K,
  change: Change,
  matches: ObjectMatcher | undefined,
): WatchEvent<K> | undefined {
  if (matches === undefined) {
    const object = after(kind, change) ?? before(kind, change)
    return object && { type: change.type, object }
  }
  const next = after(kind, change)
  const last = before(kind, change)
  const isMatching = next !== undefined && matches(next)
  const wasMatching = last !== undefined && matches(last)
  if (isMatching) return { type: wasMatching ? 'MODIFIED' : 'ADDED', object: next }
  return wasMatching ? { type: 'DELETED', object: last } : undefined
}

function after<K extends KindName>(kind: K, { json, version, userId }: Change): ObjectOf<K> | undefined {
  return json === null ? undefined : fromStoredText(kind, { json, version, userId })
}

function before<K extends KindName>(kind: K, change: Change): ObjectOf<K> | undefined {
  const { previous, version, userId } = change
  return previous === null ? undefined : fromStoredText(kind, { json: previous.json, version, userId })
}
