import type { Clock } from '#core/clock.ts'
import { isAppError } from '#core/errors.ts'

import { backoffMs } from './backoff.ts'
import { deepFreeze } from './deep-freeze.ts'
import { sleep } from './sleep.ts'
import type { User, UserEvent, Users } from './users.ts'
import { GOOD_LIFETIME_MS } from './watch-loop.ts'

/** What a cache of users is made of. */
export interface UserCacheOptions {
  readonly users: Users
  readonly clock: Clock
  /** 0 to 1, for the jitter of the back-off; absent: `Math.random`. */
  readonly random?: () => number
}

/**
 * Hears of a new or changed user, after the memory shows it. `previous` is `undefined` for a new one. One that is gone is told
 * as deactivated.
 */
type UserListener = (user: User, previous: User | undefined) => void

/** The users in memory, kept fresh by a watch. What comes out is shared and frozen. */
export interface UserCache {
  /**
   * Begins to watch, until `signal` aborts. Resolves when everybody is there, or the signal aborts before that; an
   * unreachable store only delays it. To be called once.
   */
  start(signal: AbortSignal): Promise<void>
  get(id: string): User | undefined
  findByName(name: string): User | undefined
  findByNamespace(namespace: string): User | undefined
  list(): readonly User[]
  /** Calls back once per change. Returns how to stop listening. */
  onChange(listener: UserListener): () => void
  /** Whether everybody is there and still watched. */
  readonly isSynced: boolean
}

/** Makes a cache of users; nothing happens before `start`. */
export function createUserCache({ users, clock, random = Math.random }: UserCacheOptions): UserCache {
  const memory = new UserMemory()
  return {
    start: async (signal) => {
      const synced = Promise.withResolvers<void>()
      const over = () => {
        memory.isSynced = false
      }
      const deps = { users, clock, random }
      const loop = follow(deps, { memory, onSynced: synced.resolve }, signal).finally(over)
      await Promise.race([synced.promise, loop])
    },
    get: (id) => memory.byId.get(id),
    findByName: (name) => memory.byName.get(name),
    findByNamespace: (namespace) => memory.byNamespace.get(namespace),
    list: () => [...memory.byId.values()],
    onChange: (listener) => memory.onChange(listener),
    get isSynced() {
      return memory.isSynced
    },
  }
}

class UserMemory {
  readonly byId = new Map<string, User>()
  readonly byName = new Map<string, User>()
  readonly byNamespace = new Map<string, User>()
  readonly #listeners = new Set<UserListener>()
  isSynced = false

  onChange(listener: UserListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  // All are in, and those that are gone out, before anybody hears of one.
  takeAll(users: readonly User[]): void {
    const present = new Set(users.map(({ id }) => id))
    const gone = this.byId
      .values()
      .filter(({ id }) => !present.has(id))
      .toArray()
    for (const user of gone) this.#drop(user)
    const changes = users.map((user) => [user, this.#put(user)] as const)
    this.isSynced = true
    for (const user of gone) this.#tellGone(user)
    for (const [user, previous] of changes) this.#tell(user, previous)
  }

  take({ type, user }: UserEvent): void {
    if (type !== 'DELETED') return this.#tell(user, this.#put(user))
    const known = this.byId.get(user.id)
    if (known === undefined) return
    this.#drop(known)
    this.#tellGone(known)
  }

  #put(user: User): User | undefined {
    const previous = this.byId.get(user.id)
    if (previous?.resourceVersion === user.resourceVersion) return previous
    if (previous) this.#drop(previous)
    this.byId.set(user.id, deepFreeze(user))
    this.byName.set(user.name, user)
    this.byNamespace.set(user.namespace, user)
    return previous
  }

  // Another one may have got the name or the namespace meanwhile.
  #drop(user: User): void {
    this.byId.delete(user.id)
    if (this.byName.get(user.name) === user) this.byName.delete(user.name)
    if (this.byNamespace.get(user.namespace) === user) this.byNamespace.delete(user.namespace)
  }

  #tellGone(user: User): void {
    for (const listener of this.#listeners) listener(deepFreeze({ ...user, isActive: false }), user)
  }

  #tell(user: User, previous: User | undefined): void {
    if (previous?.resourceVersion === user.resourceVersion) return
    for (const listener of this.#listeners) listener(user, previous)
  }
}

interface Followed {
  readonly memory: UserMemory
  readonly onSynced: () => void
}

// A watch begins with everybody, so a list is only needed to know when that is complete; what both say is taken once.
async function follow(
  { users, clock, random }: Required<UserCacheOptions>,
  { memory, onSynced }: Followed,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    const startedAt = clock.monotonic()
    try {
      memory.takeAll(await users.list())
      onSynced()
      for await (const event of users.watch({ known: [...memory.byId.values()], signal })) {
        memory.take(event)
      }
    } catch (error) {
      if (!isAppError(error)) throw error
    }
    // Not by an event: a store that tells one and hangs up is no good one.
    if (clock.monotonic() - startedAt >= GOOD_LIFETIME_MS) failures = 0
    await sleep(clock, backoffMs(failures + 1, random()), signal)
  }
}
