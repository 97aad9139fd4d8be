import type { User } from './users.ts'

/** Sees to the places where users' resources live. */
export interface UserNamespaces {
  /**
   * Makes the user's namespace if it is missing. Resolves with how it is: `terminating` means that nothing can be made in it
   * until it is gone. Rejects with `STORE_UNAVAILABLE`.
   */
  ensure(user: Pick<User, 'id' | 'namespace'>): Promise<'ready' | 'terminating'>
}
