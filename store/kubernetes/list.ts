import { AppError } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'
import { type KindName, KINDS, type ObjectOf } from '#crds/kinds.ts'
import { isLabelName } from '#crds/metadata.ts'
import { compileSelection } from '#store/selectors.ts'
import type { ListOptions, ObjectList, Selection } from '#store/store.ts'

import type { KubeClient, KubeRequest } from './client.ts'
import { fromAnswer } from './object.ts'
import { collectionPath } from './paths.ts'

/**
 * Asks for one page of a kind, or for everything.
 *
 * @throws AppError `REQUEST_MALFORMED`, `EXPIRED`, `STORE_UNAVAILABLE`
 */
export async function listObjects<K extends KindName>(
  client: KubeClient,
  kind: K,
  options: ListOptions,
): Promise<ObjectList<K>> {
  const { limit = 0 } = options
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new AppError('REQUEST_MALFORMED', 'limit must be a whole number, 0 for everything')
  }
  const query = {
    ...selectionQuery(kind, options),
    limit: limit || undefined,
    continue: options.continue || undefined,
  }
  const answer = await client.request({ method: 'GET', path: selectedPath(kind, options), query })
  return fromListAnswer(kind, answer)
}

/** The path that a selection asks. What cannot be the name of a namespace, or a kind that has none, finds nothing. */
export function selectedPath(kind: KindName, { namespace }: Selection): string {
  if (namespace === undefined || isLabelName(namespace)) return collectionPath(kind, namespace)
  // Also what an API server would answer for a namespace of nobody; this one cannot even be asked for.
  return collectionPath(kind, NOBODY)
}

/**
 * The selectors as an API server takes them. Judged here first, so that what is wrong with one is said in our words.
 *
 * @throws AppError `REQUEST_MALFORMED`
 */
export function selectionQuery(kind: KindName, selection: Selection): NonNullable<KubeRequest['query']> {
  compileSelection(kind, selection)
  return {
    labelSelector: selection.labelSelector?.trim() || undefined,
    fieldSelector: toFieldSelector(kind, selection),
  }
}

const NOBODY = 'nobody-has-this-namespace'

// A kind without namespaces has nothing in one; the API server knows no such path, so it is asked for an object without a name.
function toFieldSelector(kind: KindName, { namespace, fieldSelector = '' }: Selection): string | undefined {
  // Blanks at its end belong to the value: somebody's name may end with one.
  const asked = fieldSelector.trim() === '' ? '' : fieldSelector
  if (KINDS[kind].isNamespaced || namespace === undefined) return asked || undefined
  return ['metadata.name=', asked].filter(Boolean).join(',')
}

function fromListAnswer<K extends KindName>(kind: K, answer: unknown): ObjectList<K> {
  const items = isRecord(answer) ? answer['items'] : undefined
  const metadata = isRecord(answer) ? answer['metadata'] : undefined
  if (!Array.isArray(items) || !isRecord(metadata) || typeof metadata['resourceVersion'] !== 'string') {
    throw new AppError('STORE_UNAVAILABLE', `the API server answered something that is no list of ${kind}`)
  }
  const { resourceVersion, continue: next, remainingItemCount } = metadata
  return {
    items: items.map((item: unknown): ObjectOf<K> => fromAnswer(kind, item)),
    metadata: {
      resourceVersion,
      ...(typeof next === 'string' && next !== '' && { continue: next }),
      ...(typeof remainingItemCount === 'number' && { remainingItemCount }),
    },
  }
}
