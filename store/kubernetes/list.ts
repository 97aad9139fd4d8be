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

/** The path that a selection asks. */
export function selectedPath(kind: KindName, { namespace }: Selection): string {
  return isNowhere(kind, namespace) ? collectionPath(kind) : collectionPath(kind, namespace)
}

/**
 * The selectors as an API server takes them. Judged here first, so that what is wrong with one is said in our words.
 *
 * @throws AppError `REQUEST_MALFORMED`
 */
export function selectionQuery(kind: KindName, selection: Selection): NonNullable<KubeRequest['query']> {
  compileSelection(kind, selection)
  const { namespace, labelSelector = '', fieldSelector = '' } = selection
  // Blanks at its end belong to the value: somebody's name may end with one.
  const asked = fieldSelector.trim() === '' ? [] : [fieldSelector]
  const fields = isNowhere(kind, namespace) ? [NOTHING, ...asked] : asked
  return { labelSelector: labelSelector.trim() || undefined, fieldSelector: fields.join(',') || undefined }
}

// No object is without a name.
const NOTHING = 'metadata.name='

// Where nothing can be: what is not in namespaces has nothing in one, and not every text can be one. There is no path for it.
function isNowhere(kind: KindName, namespace: string | undefined): boolean {
  return namespace !== undefined && !(KINDS[kind].isNamespaced && isLabelName(namespace))
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
