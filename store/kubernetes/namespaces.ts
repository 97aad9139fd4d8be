import { AppError, isAppError } from '#core/errors.ts'
import { GROUP } from '#crds/group.ts'
import type { UserNamespaces } from '#store/user-namespaces.ts'
import type { User } from '#store/users.ts'

import { childOf, textMapOf, textOf } from './answer-fields.ts'
import type { KubeClient } from './client.ts'

/** Label of the namespaces that the operator made: whose it is, as the name of the User. */
export const USER_LABEL = `${GROUP}/user`

interface Namespace {
  /** `null`: the operator did not make it. */
  readonly owner: string | null
  readonly isTerminating: boolean
}

/** The namespaces in which users' resources live. */
export class KubernetesNamespaces implements UserNamespaces {
  readonly #client: KubeClient

  constructor(client: KubeClient) {
    this.#client = client
  }

  async ensure({ id, namespace }: Pick<User, 'id' | 'namespace'>): Promise<'ready' | 'terminating'> {
    const found = await this.#findOrCreate(namespace, id)
    return found.isTerminating ? 'terminating' : 'ready'
  }

  /**
   * Makes the namespace of a User that is about to be made, or finds the one that was made for it before. Rejects with
   * `ALREADY_EXISTS` for one that somebody else made, and with `STORE_UNAVAILABLE` while one is being deleted.
   */
  async claim({ id, namespace }: Pick<User, 'id' | 'namespace'>): Promise<void> {
    const { owner, isTerminating } = await this.#findOrCreate(namespace, id)
    if (owner !== id) {
      const todo = `delete it, or label it ${USER_LABEL}=${id}`
      throw new AppError('ALREADY_EXISTS', `namespace ${namespace} was not made for this user; ${todo}`)
    }
    if (isTerminating) {
      throw new AppError(
        'STORE_UNAVAILABLE',
        `namespace ${namespace} is being deleted; try again when it is gone`,
      )
    }
  }

  async #findOrCreate(name: string, owner: string): Promise<Namespace> {
    return (
      (await this.#find(name)) ?? (await this.#create(name, owner)) ?? (await this.#findOrCreate(name, owner))
    )
  }

  async #find(name: string): Promise<Namespace | undefined> {
    try {
      const path = `/api/v1/namespaces/${encodeURIComponent(name)}`
      return readNamespace(await this.#client.request({ method: 'GET', path }))
    } catch (error) {
      if (isAppError(error, 'NOT_FOUND')) return undefined
      throw error
    }
  }

  /** `undefined`: another one was faster. */
  async #create(name: string, owner: string): Promise<Namespace | undefined> {
    const metadata = { name, labels: { [USER_LABEL]: owner } }
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata }
    try {
      return readNamespace(await this.#client.request({ method: 'POST', path: '/api/v1/namespaces', body }))
    } catch (error) {
      if (isAppError(error, 'ALREADY_EXISTS')) return undefined
      throw error
    }
  }
}

function readNamespace(answer: unknown): Namespace {
  const metadata = childOf(answer, 'metadata')
  return {
    owner: textMapOf(metadata, 'labels')[USER_LABEL] ?? null,
    isTerminating: textOf(metadata, 'deletionTimestamp') !== '',
  }
}
