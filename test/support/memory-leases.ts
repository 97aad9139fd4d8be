import { AppError } from '#core/errors.ts'
import type { Lease, Leases } from '#store/leases.ts'

/** What a request goes through on its way; a test makes it slow, or fail before or after it had its effect. */
export type LeasePath = <T>(act: () => T) => Promise<T>

/** Leases in memory, with the conditional writes of an API server. */
export class MemoryLeases {
  readonly #leases = new Map<string, Lease>()
  #version = 0
  /** Writes that had an effect. */
  writes = 0
  /** Requests of any sort. */
  requests = 0

  /** What is stored now. */
  peek(name: string): Lease | undefined {
    return this.#leases.get(name)
  }

  /** Somebody else's hand. */
  put(lease: Lease): Lease {
    this.#version += 1
    const stored = { ...lease, resourceVersion: String(this.#version) }
    this.#leases.set(lease.name, stored)
    this.writes += 1
    return stored
  }

  /** The port as one process has it: its requests go this way. */
  by(path: LeasePath = async (act) => act()): Leases {
    const request = <T>(act: () => T) => {
      this.requests += 1
      return path(act)
    }
    return {
      get: (name) => request(() => this.#leases.get(name)),
      list: (selector) => request(() => this.#list(selector)),
      create: (lease) => request(() => this.#create(lease)),
      update: (lease) => request(() => this.#update(lease)),
      delete: (lease) => request(() => this.#delete(lease)),
    }
  }

  #list(selector: string): readonly Lease[] {
    const [label = '', value] = selector.split('=')
    return [...this.#leases.values()].filter((lease) => lease.labels[label] === value)
  }

  #create(lease: Lease): Lease {
    if (this.#leases.has(lease.name)) throw new AppError('ALREADY_EXISTS', `Lease '${lease.name}' exists`)
    return this.put(lease)
  }

  #update(lease: Lease): Lease {
    const stored = this.#leases.get(lease.name)
    if (stored === undefined) throw new AppError('NOT_FOUND', `no Lease '${lease.name}'`)
    if (stored.resourceVersion !== lease.resourceVersion)
      throw new AppError('CONFLICT', `Lease '${lease.name}' changed`)
    return this.put(lease)
  }

  #delete({ name, resourceVersion }: Lease): void {
    const stored = this.#leases.get(name)
    if (stored === undefined) return
    if (stored.resourceVersion !== resourceVersion) throw new AppError('CONFLICT', `Lease '${name}' changed`)
    this.#leases.delete(name)
    this.writes += 1
  }
}

/** A Lease that somebody holds. */
export function aLease(overrides: Partial<Lease> = {}): Lease {
  return {
    name: 'runtimeconfig-leader',
    holder: 'replica-b',
    durationSeconds: 15,
    acquiredAt: 0,
    renewedAt: 0,
    transitions: 0,
    annotations: {},
    labels: {},
    ...overrides,
  }
}
