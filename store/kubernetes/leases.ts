import { AppError, isAppError } from '#core/errors.ts'
import type { Lease, Leases } from '#store/leases.ts'

import { childOf, listOf, numberOf, textMapOf, textOf, timeOf, toMicroTime } from './answer-fields.ts'
import type { KubeClient } from './client.ts'

const API_VERSION = 'coordination.k8s.io/v1'

/** Leases of the operator's own namespace. */
export class KubernetesLeases implements Leases {
  readonly #client: KubeClient
  readonly #collection: string

  constructor(client: KubeClient, namespace: string) {
    this.#client = client
    this.#collection = `/apis/${API_VERSION}/namespaces/${encodeURIComponent(namespace)}/leases`
  }

  async get(name: string): Promise<Lease | undefined> {
    try {
      return toLease(await this.#client.request({ method: 'GET', path: this.#pathOf(name) }))
    } catch (error) {
      if (isAppError(error, 'NOT_FOUND')) return undefined
      throw error
    }
  }

  async list(labelSelector: string): Promise<readonly Lease[]> {
    const query = { labelSelector }
    const answer = await this.#client.request({ method: 'GET', path: this.#collection, query })
    return listOf(answer, 'items').map(toLease)
  }

  async create(lease: Lease): Promise<Lease> {
    const body = toObject(lease)
    return toLease(await this.#client.request({ method: 'POST', path: this.#collection, body }))
  }

  async update(lease: Lease): Promise<Lease> {
    const { name } = lease
    const identity = identityOf(lease)
    try {
      const body = toObject(lease, identity)
      return toLease(await this.#client.request({ method: 'PUT', path: this.#pathOf(name), body }))
    } catch (error) {
      // An API server takes one that is gone for another one.
      const isGone = isAppError(error, 'CONFLICT') && (await this.get(name)) === undefined
      throw isGone ? new AppError('NOT_FOUND', `Lease ${name} is gone`, { cause: error }) : error
    }
  }

  async delete(lease: Lease): Promise<void> {
    const preconditions = identityOf(lease)
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions }
    try {
      await this.#client.request({ method: 'DELETE', path: this.#pathOf(lease.name), body })
    } catch (error) {
      if (!isAppError(error, 'NOT_FOUND')) throw error
    }
  }

  #pathOf(name: string): string {
    return `${this.#collection}/${encodeURIComponent(name)}`
  }
}

interface Identity {
  readonly uid: string
  readonly resourceVersion: string
}

// The version goes with the object it is of: an API server makes a Lease that is put and not there, whatever version it names.
function identityOf({ name, resourceVersion = '' }: Lease): Identity {
  const [version, uid] = resourceVersion.split('/')
  if (version && uid) return { uid, resourceVersion: version }
  throw new AppError('CONFLICT', `expected the version of Lease ${name} that was read; read it and try again`)
}

function toObject(lease: Lease, identity?: Identity): object {
  const { name, labels, annotations } = lease
  return {
    apiVersion: API_VERSION,
    kind: 'Lease',
    metadata: { name, labels, annotations, ...identity },
    spec: {
      ...(lease.holder !== null && { holderIdentity: lease.holder }),
      leaseDurationSeconds: lease.durationSeconds,
      acquireTime: toMicroTime(lease.acquiredAt),
      renewTime: toMicroTime(lease.renewedAt),
      leaseTransitions: lease.transitions,
    },
  }
}

function toLease(object: unknown): Lease {
  const metadata = childOf(object, 'metadata')
  const spec = childOf(object, 'spec')
  return {
    name: textOf(metadata, 'name'),
    holder: textOf(spec, 'holderIdentity') || null,
    durationSeconds: numberOf(spec, 'leaseDurationSeconds'),
    acquiredAt: timeOf(spec, 'acquireTime'),
    renewedAt: timeOf(spec, 'renewTime'),
    transitions: numberOf(spec, 'leaseTransitions'),
    labels: textMapOf(metadata, 'labels'),
    annotations: textMapOf(metadata, 'annotations'),
    resourceVersion: `${textOf(metadata, 'resourceVersion')}/${textOf(metadata, 'uid')}`,
  }
}
