import { AppError } from '#core/errors.ts'
import { type KindName, KINDS, type ObjectOf } from '#crds/kinds.ts'
import { readContinueToken, writeContinueToken } from '#store/continue-token.ts'
import { compileSelection } from '#store/selectors.ts'
import type { ListOptions, ObjectList, Selection } from '#store/store.ts'

import type { ChangeLog } from './change-log.ts'
import { fromNamespace, NOBODY } from './namespaces.ts'
import { type ObjectTable, type RowRange, toOwner } from './object-table.ts'
import { rowsAtVersion } from './rows-at-version.ts'
import { fromStoredText } from './stored-object.ts'

/** What a listing reads. */
export interface ListDeps {
  readonly log: ChangeLog
  readonly objects: ObjectTable
}

interface Page<K extends KindName> {
  readonly items: readonly ObjectOf<K>[]
  /** The last row that was looked at; absent when there are no more. */
  readonly end?: { readonly namespace: string; readonly name: string }
}

/**
 * Lists one page of a kind, or everything. All pages of a list show the version of the first.
 *
 * @throws AppError `REQUEST_MALFORMED`, `EXPIRED`
 */
export function listObjects<K extends KindName>(
  deps: ListDeps,
  kind: K,
  options: ListOptions,
): ObjectList<K> {
  const limit = readLimit(options.limit)
  const token = options.continue ? readContinueToken(kind, options, options.continue) : undefined
  const version = token?.version ?? deps.log.version
  const userId = toUserId(kind, options)
  const range = { kind, userId, afterNamespace: token?.namespace ?? '', afterName: token?.name ?? '' }
  const page = readPage<K>(deps, range, { kind, version, limit, options })
  const resourceVersion = String(version)
  if (page.end === undefined) return { items: page.items, metadata: { resourceVersion } }
  const { namespace, name } = page.end
  return {
    items: page.items,
    metadata: {
      resourceVersion,
      continue: writeContinueToken(kind, options, { version, namespace, name }),
      ...remaining(deps, { ...range, afterNamespace: namespace, afterName: name }, { version, options }),
    },
  }
}

interface PageRequest<K extends KindName> {
  readonly kind: K
  readonly version: number
  readonly limit: number
  readonly options: ListOptions
}

function readPage<K extends KindName>(deps: ListDeps, range: RowRange, request: PageRequest<K>): Page<K> {
  const { kind, version, limit, options } = request
  const matches = compileSelection(kind, options)
  const items: ObjectOf<K>[] = []
  let end = { namespace: '', name: '' }
  for (const row of rowsAtVersion(deps, range, version)) {
    if (items.length >= limit) return { items, end }
    const object = fromStoredText(kind, row)
    if (matches === undefined || matches(object)) items.push(object)
    end = { namespace: toOwner(row.userId), name: row.name }
  }
  return { items }
}

// As an API server does, only where it is cheap: without selectors, and while nothing has changed since the first page.
function remaining(
  deps: ListDeps,
  rest: RowRange,
  { version, options }: { readonly version: number; readonly options: ListOptions },
): { readonly remainingItemCount?: number } {
  if (options.labelSelector || options.fieldSelector || version !== deps.log.version) return {}
  return { remainingItemCount: deps.objects.count(rest) }
}

function readLimit(limit = 0): number {
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new AppError('REQUEST_MALFORMED', 'limit must be a whole number, 0 for everything')
  }
  return limit === 0 ? Number.POSITIVE_INFINITY : limit
}

// A namespace that cannot be anybody's, or a namespace of a kind that has none, is empty rather than an error.
function toUserId(kind: KindName, { namespace }: Selection): number | undefined {
  if (!KINDS[kind].isNamespaced) return NOBODY
  if (namespace === undefined) return undefined
  return fromNamespace(namespace) ?? NOBODY
}
