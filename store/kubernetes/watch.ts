import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type { WatchEvent, WatchOptions } from '#store/store.ts'
import type { SourceChange, Versioned } from '#store/watch-loop.ts'

import type { KubeClient, KubeRequest } from './client.ts'
import { listObjects, selectedPath, selectionQuery } from './list.ts'
import { fromAnswer } from './object.ts'
import { Silence } from './silence.ts'

export interface WatchDeps {
  readonly client: KubeClient
  readonly clock: Clock
  /** 0 to 1; spreads when watches end. */
  readonly random: () => number
}

interface Bookmark {
  readonly type: 'BOOKMARK'
  readonly resourceVersion: string
}

const FIRST_PAGE = 500
// As informers do: not all watches of all replicas come back at one moment, and none outlives a rotated credential for long.
const SHORTEST_WATCH_SECONDS = 300

/**
 * Streams the changes of a kind. Ends without an error when the server ends it, which it does after 5–10 minutes: whoever
 * watches goes on from the last version.
 *
 * @throws AppError `EXPIRED` when the version is gone, for a stream that is no longer one of events, and for one that fell
 *   silent: list again; `STORE_UNAVAILABLE` when it broke off: go on from the last version
 */
export async function* watchObjects<K extends KindName>(
  deps: WatchDeps,
  kind: K,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<K>, void, undefined> {
  const { signal } = options
  const selected = selectionQuery(kind, options)
  let from = readVersion(options.resourceVersion)
  if (from === undefined) from = yield* currentObjects(deps.client, kind, options)
  if (signal.aborted) return
  const read = (object: unknown) => fromEvent(kind, object)
  const target = { name: kind, path: selectedPath(kind, options), query: selected, read }
  yield* streamEvents(deps, { ...target, from }, signal)
}

/** What is watched over which path, and how an object of it is read. */
export interface WatchTarget<T> {
  /** For people. */
  readonly name: string
  readonly path: string
  readonly query: KubeRequest['query']
  readonly accept?: string
  readonly from: string
  /** Throws `EXPIRED` for what is no such object. */
  readonly read: (object: unknown) => T
}

/** Streams the changes after a version, with the promises of {@link watchObjects}. */
export async function* streamEvents<T extends Versioned>(
  deps: WatchDeps,
  { name, path, query: selected, accept, from, read }: WatchTarget<T>,
  signal: AbortSignal,
): AsyncGenerator<SourceChange<T> | Bookmark, void, undefined> {
  const silence = new Silence(deps.clock, signal)
  const timeoutSeconds = Math.round(SHORTEST_WATCH_SECONDS * (1 + deps.random()))
  const query = { ...selected, watch: true, allowWatchBookmarks: true, resourceVersion: from, timeoutSeconds }
  const request = { method: 'GET', path, query, ...(accept !== undefined && { accept }) } as const
  try {
    for await (const line of deps.client.stream({ ...request, signal: silence.signal })) {
      silence.feed()
      yield toEvent({ name, read }, parse(line))
      if (signal.aborted) return
    }
  } catch (error) {
    if (signal.aborted) return
    // A server that was set back to an older state is as deaf to our version as a dead connection: a list knows.
    throw silence.isOver
      ? new AppError('EXPIRED', `the watch of ${name} fell silent, without bookmarks; listing again`)
      : error
  } finally {
    silence.end()
  }
}

// In pages of the same version, so that a slow reader of many objects holds few of them.
async function* currentObjects<K extends KindName>(
  client: KubeClient,
  kind: K,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<K>, string, undefined> {
  const { signal, resourceVersion: _, ...selection } = options
  let next: string | undefined
  for (;;) {
    const page = await listObjects(client, kind, {
      ...selection,
      limit: FIRST_PAGE,
      ...(next && { continue: next }),
    })
    for (const object of page.items) {
      if (signal.aborted) break
      yield { type: 'ADDED', object }
    }
    next = page.metadata.continue
    if (next === undefined || signal.aborted) return page.metadata.resourceVersion
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    // Bytes are missing: what else was in them nobody knows.
    throw new AppError('EXPIRED', 'a line of the watch is no JSON; listing again')
  }
}

function toEvent<T extends Versioned>(
  { name, read }: Pick<WatchTarget<T>, 'name' | 'read'>,
  event: unknown,
): SourceChange<T> | Bookmark {
  if (!isRecord(event)) throw noEvent(name)
  const { type, object } = event
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: read(object) }
    case 'BOOKMARK':
      return { type, resourceVersion: versionOf(object, name) }
    case 'ERROR':
      // Mostly 410. Whatever it is, this stream is over, and a fresh list is right after all of them.
      throw new AppError('EXPIRED', `the API server ended the watch of ${name}; listing again`)
    default:
      throw noEvent(name)
  }
}

function fromEvent<K extends KindName>(kind: K, object: unknown): ObjectOf<K> {
  versionOf(object, kind)
  return fromAnswer(kind, object)
}

function versionOf(object: unknown, name: string): string {
  const metadata = isRecord(object) ? object['metadata'] : undefined
  const version = isRecord(metadata) ? metadata['resourceVersion'] : undefined
  if (typeof version !== 'string') throw noEvent(name)
  return version
}

function noEvent(name: string): AppError {
  return new AppError('EXPIRED', `a line of the watch of ${name} is no event; listing again`)
}

// `0` asks for any version, as absent does.
function readVersion(version: string | undefined): string | undefined {
  if (version === undefined || version === '' || version === '0') return undefined
  if (/^[1-9][0-9]{0,19}$/.test(version)) return version
  throw new AppError('REQUEST_MALFORMED', 'resourceVersion is not one that this store gave out')
}
