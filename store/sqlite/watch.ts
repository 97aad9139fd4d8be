import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import type { KindName } from '#crds/kinds.ts'
import { compileSelection, type ObjectMatcher } from '#store/selectors.ts'
import type { WatchEvent, WatchOptions } from '#store/store.ts'

import type { ChangeFeed } from './change-feed.ts'
import { toEvent } from './change.ts'
import { type ListDeps, listObjects } from './list.ts'
import { WakeUp } from './wake-up.ts'

/** What a watch reads. */
export interface WatchDeps extends ListDeps {
  readonly feed: ChangeFeed
  readonly clock: Clock
}

const FIRST_PAGE = 500

/**
 * Streams the changes of a kind. Holds nothing but its position, so that a reader that stands still costs nothing; one that
 * is overtaken by the history is told so with `EXPIRED`.
 */
export async function* watchObjects<K extends KindName>(
  deps: WatchDeps,
  kind: K,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<K>, void, undefined> {
  const matches = compileSelection(kind, options)
  const from = readVersion(options.resourceVersion)
  if (from !== undefined) deps.log.checkIsKept(from)
  const start = from ?? deps.feed.version
  const wakeUp = new WakeUp(deps, kind, options.signal)
  try {
    if (from === undefined) yield* currentObjects(deps, kind, options)
    yield* changesAfter(deps, { kind, matches, start, wakeUp, signal: options.signal })
  } finally {
    wakeUp.stop()
  }
}

interface Stream<K extends KindName> {
  readonly kind: K
  readonly matches: ObjectMatcher | undefined
  readonly start: number
  readonly wakeUp: WakeUp
  readonly signal: AbortSignal
}

async function* changesAfter<K extends KindName>(
  { feed }: WatchDeps,
  { kind, matches, start, wakeUp, signal }: Stream<K>,
): AsyncGenerator<WatchEvent<K>, void, undefined> {
  let seen = start
  let told = start
  while (!signal.aborted) {
    const { changes, upTo } = feed.read(kind, seen)
    for (const change of changes) {
      const event = toEvent(kind, change, matches)
      if (event === undefined) continue
      told = change.version
      yield event
      if (signal.aborted) return
    }
    seen = upTo
    if (seen < feed.version) continue
    if (wakeUp.isBookmarkDue && told < seen) {
      told = seen
      yield { type: 'BOOKMARK', resourceVersion: String(seen) }
    }
    await wakeUp.wait({ isBehind: told < feed.version })
  }
}

// In pages of the same version, so that a slow reader of many objects holds few of them.
async function* currentObjects<K extends KindName>(
  deps: WatchDeps,
  kind: K,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<K>, void, undefined> {
  const { signal, resourceVersion: _, ...selection } = options
  let next: string | undefined
  do {
    deps.feed.checkIsOpen()
    const page = listObjects(deps, kind, { ...selection, limit: FIRST_PAGE, ...(next && { continue: next }) })
    for (const object of page.items) {
      if (signal.aborted) return
      yield { type: 'ADDED', object }
    }
    next = page.metadata.continue
  } while (next !== undefined)
}

// `0` asks for any version, as absent does.
function readVersion(version: string | undefined): number | undefined {
  if (version === undefined || version === '' || version === '0') return undefined
  if (/^[1-9][0-9]{0,15}$/.test(version)) return Number(version)
  throw new AppError('REQUEST_MALFORMED', 'resourceVersion is not one that this store gave out')
}
