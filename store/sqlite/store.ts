import { randomUUID } from 'node:crypto'

import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import { type KindName, KINDS, type ObjectOf } from '#crds/kinds.ts'
import { isSubdomain } from '#crds/metadata.ts'
import { admit, canBeName, checkSize, readIncoming } from '#store/admission.ts'
import type { AnyObject } from '#store/any-object.ts'
import { withoutEmpty } from '#store/empty-status.ts'
import type {
  DeleteOptions,
  ListOptions,
  NewObject,
  ObjectKey,
  ObjectList,
  Store,
  WatchEvent,
  WatchOptions,
} from '#store/store.ts'

import type { ChangeFeed } from './change-feed.ts'
import type { ChangeLog } from './change-log.ts'
import type { Commits } from './commits.ts'
import {
  checkIdentity,
  planCreate,
  planDelete,
  planStatusUpdate,
  planUpdate,
  type UpdatePlan,
} from './lifecycle.ts'
import { listObjects } from './list.ts'
import { fromNamespace, NOBODY } from './namespaces.ts'
import type { ListedRow, ObjectTable, RowKey } from './object-table.ts'
import { fromStoredText, toStoredText } from './stored-object.ts'
import { watchObjects } from './watch.ts'

export interface SqliteStoreDeps {
  readonly objects: ObjectTable
  readonly log: ChangeLog
  readonly feed: ChangeFeed
  readonly commits: Commits
  readonly clock: Clock
  /** Whether there is a user with this id. */
  readonly isUser: (userId: number) => boolean
}

interface Found {
  readonly key: RowKey
  readonly row: ListedRow
  readonly object: AnyObject
}

/** Resources as rows of the table `kinds`. */
export class SqliteStore implements Store {
  readonly #deps: SqliteStoreDeps

  constructor(deps: SqliteStoreDeps) {
    this.#deps = deps
  }

  async get<K extends KindName>(kind: K, key: ObjectKey): Promise<ObjectOf<K>> {
    const row = this.#deps.objects.find(this.#locate(kind, key))
    if (row === undefined) throw notFound(kind, key.name)
    return fromStoredText(kind, row)
  }

  async list<K extends KindName>(kind: K, options: ListOptions = {}): Promise<ObjectList<K>> {
    return listObjects(this.#deps, kind, options)
  }

  async create<K extends KindName>(kind: K, object: NewObject<K>): Promise<ObjectOf<K>> {
    const incoming = readKept(kind, object)
    const now = this.#now()
    const created = planCreate(incoming, { uid: randomUUID(), creationTimestamp: wholeSeconds(now) })
    admit(kind, created)
    const key = this.#locate(kind, created.metadata)
    if (key.userId !== NOBODY && !this.#deps.isUser(key.userId)) throw nobody(created.metadata.namespace)
    const json = toText(kind, created)
    const change = { ...key, type: 'ADDED', json, previous: null } as const
    const version = this.#deps.commits.write(change, (version) => {
      const isNew = this.#deps.objects.insert(key, { json, version, at: now })
      if (!isNew) throw new AppError('ALREADY_EXISTS', `${kind} ${key.name} exists already`)
    })
    return fromStoredText(kind, { json, version, userId: key.userId })
  }

  async update<K extends KindName>(kind: K, object: NewObject<K>): Promise<ObjectOf<K>> {
    const incoming = readKept(kind, object)
    const current = this.#find(kind, incoming.metadata)
    return this.#apply(kind, current, planUpdate(current.object, incoming))
  }

  async updateStatus<K extends KindName>(kind: K, object: ObjectOf<K>): Promise<ObjectOf<K>> {
    const incoming = readKept(kind, object)
    const current = this.#find(kind, incoming.metadata)
    const status = withoutEmpty(kind, incoming.status as ObjectOf<K>['status'])
    return this.#apply(kind, current, planStatusUpdate(current.object, { ...incoming, status }))
  }

  async delete<K extends KindName>(
    kind: K,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<ObjectOf<K>> {
    const current = this.#find(kind, key)
    checkIdentity(current.object, { metadata: options.preconditions ?? {} })
    return this.#apply(kind, current, planDelete(current.object, wholeSeconds(this.#now())))
  }

  watch<K extends KindName>(kind: K, options: WatchOptions): AsyncIterable<WatchEvent<K>> {
    return watchObjects(this.#deps, kind, options)
  }

  async ping(): Promise<void> {
    this.#deps.feed.checkIsOpen()
    this.#deps.objects.find({ kind: 'Runtime', userId: NOBODY, name: '' })
  }

  #apply<K extends KindName>(kind: K, current: Found, { result, object }: UpdatePlan): ObjectOf<K> {
    const { key, row } = current
    if (result === 'unchanged') return fromStoredText(kind, row)
    if (result === 'removed') return this.#remove(kind, current, object)
    admit(kind, object, current.object)
    const json = toText(kind, object)
    const at = this.#now()
    const change = { ...key, type: 'MODIFIED', json, previous: row } as const
    const version = this.#deps.commits.write(change, (version) =>
      this.#deps.objects.update(key, { json, version, at }),
    )
    return fromStoredText(kind, { json, version, userId: key.userId })
  }

  #remove<K extends KindName>(kind: K, { key, row }: Found, last: AnyObject): ObjectOf<K> {
    this.#deps.commits.write({ ...key, type: 'DELETED', json: null, previous: row }, () =>
      this.#deps.objects.delete(key),
    )
    return fromStoredText(kind, { json: toStoredText(last), version: row.version, userId: key.userId })
  }

  #find(kind: KindName, place: ObjectKey): Found {
    const key = this.#locate(kind, place)
    const row = this.#deps.objects.find(key)
    if (row === undefined) throw notFound(kind, place.name)
    return { key, row, object: fromStoredText(kind, row) }
  }

  #locate(kind: KindName, { namespace, name }: ObjectKey): RowKey {
    if (!canBeName(name)) throw notFound(kind, '')
    if (!KINDS[kind].isNamespaced) return { kind, userId: NOBODY, name }
    const userId = namespace === undefined ? undefined : fromNamespace(namespace)
    if (userId === undefined) throw namespace === undefined ? noNamespace(kind) : nobody(namespace)
    return { kind, userId, name }
  }

  #now(): string {
    return new Date(this.#deps.clock.now()).toISOString()
  }
}

function readKept(kind: KindName, input: unknown): AnyObject {
  if (kind !== 'User') return readIncoming(kind, input)
  const todo = 'add one with `runtimeconfig token create`'
  throw new AppError('METHOD_NOT_ALLOWED', `users are no resources here; ${todo}`)
}

function toText(kind: KindName, object: AnyObject): string {
  const text = toStoredText(object)
  checkSize(kind, text)
  return text
}

function notFound(kind: KindName, name: string): AppError {
  return new AppError('NOT_FOUND', `there is no ${kind} ${shownName(name)}`)
}

function nobody(namespace = ''): AppError {
  return new AppError('NOT_FOUND', `there is no namespace ${shownName(namespace)}`)
}

function noNamespace(kind: KindName): AppError {
  return new AppError('REQUEST_MALFORMED', `a ${kind} needs a namespace`)
}

// What is no name at all may be anything; it is not repeated.
function shownName(name: string): string {
  return isSubdomain(name) ? name : 'of that name'
}

// Times of metadata have no fractions in Kubernetes.
function wholeSeconds(time: string): string {
  return `${time.slice(0, -'.000Z'.length)}Z`
}
