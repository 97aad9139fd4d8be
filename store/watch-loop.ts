import type { Clock } from '#core/clock.ts'
import { AppError, isAppError } from '#core/errors.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'

import { backoffMs } from './backoff.ts'
import { sleep } from './sleep.ts'
import type { Store, WatchEvent } from './store.ts'

/** Takes what a watch loop learns. Both are called with everything at once, in version order. */
export interface WatchSink<K extends KindName> {
  /** All objects there are, after a list: what is not in here is gone. */
  replaceAll(objects: readonly ObjectOf<K>[]): void
  apply(event: Exclude<WatchEvent<K>, { readonly type: 'BOOKMARK' }>): void
  /** Any sign of life: a list, an event, a bookmark. */
  heard(): void
}

/** What a watch loop needs. */
export interface WatchLoopDeps {
  readonly store: Store
  readonly clock: Clock
  /** 0 to 1; for the jitter of the back-off. */
  readonly random: () => number
}

const PAGE = 500
// A watch that held this long was a good one: the next failure starts again with the shortest delay.
const GOOD_LIFETIME_MS = 60_000

/**
 * Lists a kind and watches it until `signal` aborts, whatever happens: after an error it resumes from the last version it
 * saw, after `EXPIRED` it lists again. Failures back off exponentially with full jitter. Only a bug ends it.
 */
export async function runWatchLoop<K extends KindName>(
  deps: WatchLoopDeps,
  watched: { readonly kind: K; readonly sink: WatchSink<K> },
  signal: AbortSignal,
): Promise<void> {
  const { clock, random } = deps
  let version: string | undefined
  let failures = 0
  const remember = (seen: string | undefined) => {
    version = seen
  }
  while (!signal.aborted) {
    const startedAt = clock.monotonic()
    let isFree = false
    try {
      if (version === undefined) remember(await listAll(deps.store, watched))
      await follow(deps.store, { ...watched, version, remember }, signal)
    } catch (error) {
      if (!isAppError(error)) throw error
      if (error.code === 'EXPIRED') {
        remember(undefined)
        // The first time nothing is wrong: this watch was only too slow, or away for too long.
        isFree = failures === 0
      }
    }
    if (clock.monotonic() - startedAt >= GOOD_LIFETIME_MS) failures = 0
    if (!isFree) await sleep(clock, backoffMs(failures + 1, random()), signal)
    failures += 1
  }
}

interface Followed<K extends KindName> {
  readonly kind: K
  readonly sink: WatchSink<K>
  readonly version: string | undefined
  readonly remember: (version: string | undefined) => void
}

async function listAll<K extends KindName>(
  store: Store,
  { kind, sink }: { readonly kind: K; readonly sink: WatchSink<K> },
): Promise<string> {
  const objects: ObjectOf<K>[] = []
  let next: string | undefined
  for (;;) {
    const page = await store.list(kind, { limit: PAGE, ...(next === undefined ? {} : { continue: next }) })
    sink.heard()
    objects.push(...page.items)
    next = page.metadata.continue
    if (next !== undefined) continue
    sink.replaceAll(objects)
    return page.metadata.resourceVersion
  }
}

async function follow<K extends KindName>(
  store: Store,
  { kind, sink, version, remember }: Followed<K>,
  signal: AbortSignal,
): Promise<void> {
  const from = version === undefined ? {} : { resourceVersion: version }
  for await (const event of store.watch(kind, { ...from, signal })) {
    sink.heard()
    if (event.type === 'BOOKMARK') {
      remember(event.resourceVersion)
      continue
    }
    sink.apply(event)
    remember(versionOf(event.object.metadata.resourceVersion))
  }
}

function versionOf(version: string | undefined): string {
  if (version === undefined) throw new AppError('EXPIRED', 'an event came without a version; listing again')
  return version
}
