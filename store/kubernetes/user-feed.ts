import { toClaim, UserClaims } from '#core/user-claims.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { User, UserEvent } from '#store/users.ts'
import type { WatchSink } from '#store/watch-loop.ts'

import { toUser } from './user-object.ts'

/**
 * The users that one reader of a watch is told of, settled anew with every change of a User object.
 *
 * What was told is held against what is true, so a slow reader costs no memory, and gets the latest state of each user. Whoever
 * lost a subject or a namespace goes before somebody else has it.
 */
export class UserFeed implements WatchSink<'User'> {
  readonly #claims = new UserClaims()
  readonly #users = new Map<string, User>()
  readonly #told: Map<string, User>
  readonly #gone = new Set<string>()
  readonly #changed = new Set<string>()
  #wake = Promise.withResolvers<void>()

  constructor(known: Iterable<User>) {
    this.#told = new Map([...known].map((user) => [user.id, user]))
  }

  replaceAll(objects: readonly ObjectOf<'User'>[]): void {
    const present = new Set(objects.map(({ metadata }) => metadata.name))
    const gone = [...this.#users.keys(), ...this.#told.keys()].filter((name) => !present.has(name))
    for (const name of gone) this.#remove(name)
    for (const object of objects) this.#put(object)
    this.wake()
  }

  apply({ type, object }: Parameters<WatchSink<'User'>['apply']>[0]): void {
    if (type === 'DELETED') this.#remove(object.metadata.name)
    else this.#put(object)
    this.wake()
  }

  heard(): void {
    // Who watches the users measures that by the cache of the kind.
  }

  /** Lets a reader look who waits for something to happen. */
  wake(): void {
    this.#wake.resolve()
  }

  /** Resolves when there may be something to take. */
  async changed(): Promise<void> {
    await this.#wake.promise
    this.#wake = Promise.withResolvers()
  }

  /** Gives what is to be told next; `undefined`: nothing now. */
  next(): UserEvent | undefined {
    for (const name of this.#gone) {
      this.#gone.delete(name)
      const user = this.#told.get(name)
      this.#told.delete(name)
      if (user !== undefined) return { type: 'DELETED', user }
    }
    for (const name of this.#changed) {
      this.#changed.delete(name)
      const told = this.#told.get(name)
      const user = this.#currentOf(name)
      if (user === undefined || user.resourceVersion === told?.resourceVersion) continue
      this.#told.set(name, user)
      return { type: told === undefined ? 'ADDED' : 'MODIFIED', user }
    }
    return undefined
  }

  /** `undefined`: nobody, or one that is not served. */
  #currentOf(name: string): User | undefined {
    return this.#claims.verdictOf(name)?.isAccepted === true ? this.#users.get(name) : undefined
  }

  #put(object: ObjectOf<'User'>): void {
    this.#users.set(object.metadata.name, toUser(object))
    for (const name of this.#claims.put(toClaim(object))) this.#touch(name)
  }

  #remove(name: string): void {
    this.#users.delete(name)
    for (const touched of this.#claims.remove(name)) this.#touch(touched)
    this.#touch(name)
  }

  #touch(name: string): void {
    const isGone = this.#told.has(name) && this.#currentOf(name) === undefined
    const [into, outOf] = isGone ? [this.#gone, this.#changed] : [this.#changed, this.#gone]
    into.add(name)
    outOf.delete(name)
  }
}
