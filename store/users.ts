/** A JSON object of preferences; malformed stored preferences read as `{}`. */
export type Preferences = Readonly<Record<string, unknown>>

/** A person this installation serves. */
export interface User {
  /** Stable. Only an administrator of a cluster can give it to another person, by deleting a User and making it again. */
  readonly id: string
  /** Unique; the `sub` of the tokens of this user. */
  readonly name: string
  readonly email: string | null
  readonly role: 'user' | 'admin'
  /** Where this user's resources live; nobody else's do. */
  readonly namespace: string
  readonly isActive: boolean
  readonly preferences: Preferences
  /** Labels of the User object, which selectors of managed configurations ask for; absent: the store keeps none. */
  readonly labels?: Readonly<Record<string, string>>
  /** Opaque; changes with every change of the user. */
  readonly resourceVersion: string
}

export interface NewUser {
  readonly name: string
  readonly email?: string
  readonly role?: 'user' | 'admin'
}

/** `DELETED`: the user is served no longer; as it was last. */
export type UserEvent = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly user: User }

/** What a watch of users is told. */
export interface UserWatchOptions {
  /** Whom the caller knows already: those of them who are no more are told as `DELETED` first. */
  readonly known?: Iterable<User>
  readonly signal: AbortSignal
}

/**
 * The people, whatever keeps them.
 *
 * Lookups resolve `undefined` for nobody and include deactivated users (`isActive: false`); who asks decides what that means.
 */
export interface Users {
  get(id: string): Promise<User | undefined>
  findByName(name: string): Promise<User | undefined>
  findByNamespace(namespace: string): Promise<User | undefined>
  /** Ordered by id: numbers by their value, names by code point. */
  list(): Promise<readonly User[]>
  /** Rejects with `ALREADY_EXISTS`; with `INVALID` for a name that is empty, over 100 characters or not printable. */
  create(user: NewUser): Promise<User>
  /** Rejects with `NOT_FOUND`. Setting what is set already changes nothing. */
  setActive(id: string, isActive: boolean): Promise<User>
  /** Compare-and-set: rejects with `CONFLICT` when the user changed since `expectedVersion`; two writers lose nothing. */
  updatePreferences(id: string, change: PreferencesChange): Promise<User>
  /**
   * The current users as `ADDED`, except those that `known` shows as they are, then every change, until `signal` aborts. A
   * reader that is slower than the changes gets the latest state of each user.
   */
  watch(options: UserWatchOptions): AsyncIterable<UserEvent>
}

export interface PreferencesChange {
  readonly expectedVersion: string
  readonly preferences: Preferences
}
