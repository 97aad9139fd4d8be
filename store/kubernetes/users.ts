import { isDeepStrictEqual } from 'node:util'

import type { Clock } from '#core/clock.ts'
import { AppError, isAppError } from '#core/errors.ts'
import { settleClaim, toClaim, UserClaims } from '#core/user-claims.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { findObject } from '#store/find-object.ts'
import type { Store } from '#store/store.ts'
import { checkUserName } from '#store/user-name.ts'
import type { NewUser, PreferencesChange, User, UserEvent, Users, UserWatchOptions } from '#store/users.ts'
import { runWatchLoop } from '#store/watch-loop.ts'

import type { KubernetesNamespaces } from './namespaces.ts'
import { UserFeed } from './user-feed.ts'
import { namespaceOf, objectNamesOf } from './user-names.ts'
import { newUserObject, toUser } from './user-object.ts'

type UserObject = ObjectOf<'User'>
type Spec = UserObject['spec']

export interface KubernetesUsersDeps {
  readonly store: Store
  readonly namespaces: Pick<KubernetesNamespaces, 'claim'>
  readonly clock: Clock
  /** 0 to 1; for the jitter of the back-off. */
  readonly random: () => number
}

// Bounds of the schema: what is outside of them nobody can be called.
const LONGEST_SUBJECT = 253
/** How often a write is tried again because only the status had changed. */
const MAX_ATTEMPTS = 5

/**
 * The people as `User` objects. Those whose subject or namespace an older one claims are nobody here.
 *
 * Nothing is kept in memory: what is asked is asked of the API server.
 */
export class KubernetesUsers implements Users {
  readonly #deps: KubernetesUsersDeps

  constructor(deps: KubernetesUsersDeps) {
    this.#deps = deps
  }

  async get(id: string): Promise<User | undefined> {
    const object = await this.#served(id)
    return object && toUser(object)
  }

  async findByName(name: string): Promise<User | undefined> {
    return this.#findServed('spec.subject', name)
  }

  async findByNamespace(namespace: string): Promise<User | undefined> {
    return this.#findServed('spec.namespace', namespace)
  }

  async list(): Promise<readonly User[]> {
    const { items } = await this.#deps.store.list('User')
    const claims = new UserClaims()
    for (const object of items) claims.put(toClaim(object))
    return items
      .filter(({ metadata }) => claims.verdictOf(metadata.name)?.isAccepted)
      .map(toUser)
      .toSorted((one, other) => (one.id < other.id ? -1 : 1))
  }

  async create(user: NewUser): Promise<User> {
    checkUserName(user.name)
    for (const objectName of objectNamesOf(user.name)) {
      await this.#checkSubjectIsFree(user.name)
      const made = await this.#tryCreate(objectName, user)
      if (made !== undefined) return made
    }
    throw new AppError(
      'ALREADY_EXISTS',
      'other Users have the names or the namespaces that this one would get',
    )
  }

  async setActive(id: string, isActive: boolean): Promise<User> {
    return this.#change(id, (user, spec) => {
      return user.isActive === isActive ? spec : { ...spec, suspend: !isActive }
    })
  }

  async updatePreferences(id: string, { expectedVersion, preferences }: PreferencesChange): Promise<User> {
    return this.#change(id, (user, spec) => {
      if (user.resourceVersion !== expectedVersion) {
        throw new AppError('CONFLICT', 'the user was changed meanwhile; read the preferences and try again')
      }
      return isDeepStrictEqual(user.preferences, preferences) ? spec : { ...spec, preferences }
    })
  }

  async *watch({ known = [], signal }: UserWatchOptions): AsyncGenerator<UserEvent, void, undefined> {
    const feed = new UserFeed(known)
    const stop = new AbortController()
    const both = AbortSignal.any([signal, stop.signal])
    const wake = () => feed.wake()
    both.addEventListener('abort', wake)
    const broken: unknown[] = []
    void runWatchLoop(this.#deps, { kind: 'User', sink: feed }, both).catch((bug: unknown) => {
      broken.push(bug)
      feed.wake()
    })
    try {
      while (!signal.aborted) {
        if (broken.length > 0) throw broken[0]
        const event = feed.next()
        if (event === undefined) await feed.changed()
        else yield event
      }
    } finally {
      stop.abort()
      both.removeEventListener('abort', wake)
    }
  }

  async #tryCreate(objectName: string, user: NewUser): Promise<User | undefined> {
    const { store, namespaces } = this.#deps
    const namespace = namespaceOf(objectName)
    const isTaken = (await findObject(store, 'User', { name: objectName })) !== undefined
    if (isTaken || (await this.#claimants('spec.namespace', namespace)).length > 0) return undefined
    // The namespace comes first: a User that was served in somebody else's would show their resources.
    await namespaces.claim({ id: objectName, namespace })
    try {
      const object = await store.create('User', newUserObject(objectName, user))
      if (await this.#isServed(object)) return toUser(object)
    } catch (error) {
      if (!isAppError(error, 'ALREADY_EXISTS')) throw error
    }
    return undefined
  }

  async #checkSubjectIsFree(subject: string): Promise<void> {
    if ((await this.#claimants('spec.subject', subject)).length === 0) return
    throw new AppError('ALREADY_EXISTS', `a user named ${subject} exists already`)
  }

  async #change(id: string, change: (user: User, spec: Spec) => Spec): Promise<User> {
    for (let attempt = 1; ; attempt += 1) {
      const object = await this.#served(id)
      if (object === undefined) throw new AppError('NOT_FOUND', 'there is no such user')
      const { status: _, ...rest } = object
      const user = toUser(object)
      const spec = change(user, object.spec)
      if (spec === object.spec) return user
      try {
        return toUser(await this.#deps.store.update('User', { ...rest, spec }))
      } catch (error) {
        // It may have been the status only, which is no change of the user.
        if (!isAppError(error, 'CONFLICT') || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  async #findServed(field: ClaimedField, value: string): Promise<User | undefined> {
    const claimants = await this.#claimants(field, value)
    for (const object of claimants) if (await this.#isServed(object)) return toUser(object)
    return undefined
  }

  async #served(id: string): Promise<UserObject | undefined> {
    const object = await findObject(this.#deps.store, 'User', { name: id })
    return object && (await this.#isServed(object)) ? object : undefined
  }

  async #isServed(object: UserObject): Promise<boolean> {
    const claim = toClaim(object)
    const rivals = await Promise.all([
      this.#claimants('spec.subject', claim.subject),
      this.#claimants('spec.namespace', claim.namespace),
    ])
    return settleClaim(claim, rivals.flat().map(toClaim)).isAccepted
  }

  async #claimants(field: ClaimedField, value: string): Promise<readonly UserObject[]> {
    if (value === '' || Array.from(value).length > LONGEST_SUBJECT) return []
    const fieldSelector = `${field}=${value.replaceAll(/[\\,=]/g, String.raw`\$&`)}`
    const { items } = await this.#deps.store.list('User', { fieldSelector })
    // What no URL can carry, half a character, is asked for as something else.
    return items.filter(({ spec }) => (field === 'spec.subject' ? spec.subject : spec.namespace) === value)
  }
}

type ClaimedField = 'spec.subject' | 'spec.namespace'
