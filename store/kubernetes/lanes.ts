import { Wire } from './exchange.ts'

/** Work that is told apart by what it must not wait for. */
type Lane = 'leases' | 'statuses' | 'others' | 'watches'

// After one change come the statuses of a thousand devices. Who renews a Lease behind them loses it, and with it the right to
// send commands; a person who changes something would wait as long.
const MAX_SOCKETS: Readonly<Record<Lane, number>> = {
  leases: 4,
  statuses: 16,
  others: 32,
  // Each holds its connection for as long as it lasts.
  watches: Number.POSITIVE_INFINITY,
}

/** Connections for each kind of work, kept open between requests. */
export class Lanes {
  readonly #wires: Readonly<Record<Lane, Wire>> = {
    leases: new Wire({ maxSockets: MAX_SOCKETS.leases }),
    statuses: new Wire({ maxSockets: MAX_SOCKETS.statuses }),
    others: new Wire({ maxSockets: MAX_SOCKETS.others }),
    watches: new Wire({ maxSockets: MAX_SOCKETS.watches }),
  }

  /** Gives the connections for requests to a resource, as `describeRequest` names it. */
  of(resource: string): Wire {
    if (resource === 'leases') return this.#wires.leases
    const isStatus = resource.endsWith('/status') || resource === 'events'
    return isStatus ? this.#wires.statuses : this.#wires.others
  }

  get watches(): Wire {
    return this.#wires.watches
  }

  close(): void {
    for (const wire of Object.values(this.#wires)) wire.close()
  }
}
