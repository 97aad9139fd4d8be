import type { Clock } from '#core/clock.ts'
import { AppError, isAppError } from '#core/errors.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'

import { backoffMs } from './backoff.ts'
import { sleep } from './sleep.ts'
import type { Store } from './store.ts'

/** What can be watched: it says which version of it this is. */
export interface Versioned {
  readonly metadata: { readonly resourceVersion?: string }
}

/** A change of something watched. */
export interface SourceChange<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: T
}

/** Where things are listed and watched, with the promises of {@link Store}. */
export interface WatchSource<T> {
  list(options: { readonly limit: number; readonly continue?: string }): Promise<{
    readonly items: readonly T[]
    readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  }>
  watch(options: {
    readonly resourceVersion?: string
    readonly signal: AbortSignal
  }): AsyncIterable<SourceChange<T> | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }>
}

/** Takes what a watch loop learns of a source. Both are called with everything at once, in version order. */
export interface SourceSink<T> {
  /** All there is, after a list: what is not in here is gone. */
  replaceAll(objects: readonly T[]): void
  apply(change: SourceChange<T>): void
  /** Any sign of life: a list, an event, a bookmark. */
  heard(): void
  /** What it was told may not be all, because of a bug; `replaceAll` makes it whole. */
  lost?(): void
}

/** Takes what a watch loop learns of a kind. */
export type WatchSink<K extends KindName> = SourceSink<ObjectOf<K>>

/** What a watch loop needs. */
export interface WatchLoopDeps {
  readonly store: Store
  readonly clock: Clock
  /** 0 to 1; for the jitter of the back-off. */
  readonly random: () => number
  /** Told of what no caller can expect, such as a listener that throws. The loop goes on all the same, with a list. */
  readonly onBug?: ((error: unknown) => void) | undefined
}

const PAGE = 500
/** A watch that held this long was a good one: the next failure starts again with the shortest delay. */
export const GOOD_LIFETIME_MS = 60_000

/** Lists a kind and watches it, as {@link runSourceLoop} does. */
export async function runWatchLoop<K extends KindName>(
  { store, ...deps }: WatchLoopDeps,
  { kind, sink }: { readonly kind: K; readonly sink: WatchSink<K> },
  signal: AbortSignal,
): Promise<void> {
  const source: WatchSource<ObjectOf<K>> = {
    list: (options) => store.list(kind, options),
    watch: (options) => store.watch(kind, options),
  }
  return runSourceLoop(deps, { source, sink }, signal)
}

/**
 * Lists a source and watches it until `signal` aborts, whatever happens: after an error it resumes from the last version it
 * saw, after `EXPIRED` it lists again. Failures back off exponentially with full jitter; only a watch that lived long makes
 * up for them, never an event. A watch that its server ends after a good life is resumed at once.
 */
export async function runSourceLoop<T extends Versioned>(
  { clock, random, onBug }: Omit<WatchLoopDeps, 'store'>,
  watched: Watched<T>,
  signal: AbortSignal,
): Promise<void> {
  const position = new Position(clock)
  let failures = 0
  while (!signal.aborted) {
    const end = await followOnce(watched, position, signal).catch(toEnd)
    if (end.type === 'expired' || end.type === 'bug') position.forget()
    if (end.type === 'bug') {
      watched.sink.lost?.()
      onBug?.(end.error)
    }
    const wasGood = position.lifetimeMs >= GOOD_LIFETIME_MS
    if (wasGood) failures = 0
    if (!isNormal(end, { wasGood, failures })) await sleep(clock, backoffMs(failures + 1, random()), signal)
    failures += 1
  }
}

/** How far a loop has come, and since when its watch lives. */
class Position {
  readonly #clock: Clock
  #version: string | undefined
  #since = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get version(): string | undefined {
    return this.#version
  }

  /** Of the last watch; nothing when it did not come to one. */
  get lifetimeMs(): number {
    return Math.max(0, this.#clock.monotonic() - this.#since)
  }

  /** A connection is tried for; a list before it is no part of its life. */
  begin(): void {
    this.#since = Number.POSITIVE_INFINITY
  }

  connect(): void {
    this.#since = this.#clock.monotonic()
  }

  remember(version: string): void {
    this.#version = version
  }

  forget(): void {
    this.#version = undefined
  }
}

type End =
  | { readonly type: 'closed' | 'failed' | 'expired' }
  | { readonly type: 'bug'; readonly error: unknown }

async function followOnce<T extends Versioned>(
  watched: Watched<T>,
  position: Position,
  signal: AbortSignal,
): Promise<End> {
  position.begin()
  if (position.version === undefined) position.remember(await listAll(watched))
  position.connect()
  await follow(watched, position, signal)
  return { type: 'closed' }
}

// Nothing is wrong with a watch that ends after minutes, nor the first time with one that was too slow or away too long.
function isNormal(
  { type }: End,
  { wasGood, failures }: { readonly wasGood: boolean; readonly failures: number },
): boolean {
  return type === 'closed' ? wasGood : type === 'expired' && failures === 0
}

function toEnd(error: unknown): End {
  if (!isAppError(error)) return { type: 'bug', error }
  return { type: error.code === 'EXPIRED' ? 'expired' : 'failed' }
}

interface Watched<T extends Versioned> {
  readonly source: WatchSource<T>
  readonly sink: SourceSink<T>
}

async function listAll<T extends Versioned>({ source, sink }: Watched<T>): Promise<string> {
  const objects: T[] = []
  let next: string | undefined
  for (;;) {
    const page = await source.list({ limit: PAGE, ...(next === undefined ? {} : { continue: next }) })
    sink.heard()
    objects.push(...page.items)
    next = page.metadata.continue
    if (next !== undefined) continue
    sink.replaceAll(objects)
    return page.metadata.resourceVersion
  }
}

async function follow<T extends Versioned>(
  { source, sink }: Watched<T>,
  position: Position,
  signal: AbortSignal,
): Promise<void> {
  const { version } = position
  const from = version === undefined ? {} : { resourceVersion: version }
  for await (const event of source.watch({ ...from, signal })) {
    sink.heard()
    if (event.type === 'BOOKMARK') {
      position.remember(event.resourceVersion)
      continue
    }
    sink.apply(event)
    position.remember(versionOf(event.object.metadata.resourceVersion))
  }
}

function versionOf(version: string | undefined): string {
  if (version === undefined) throw new AppError('EXPIRED', 'an event came without a version; listing again')
  return version
}
