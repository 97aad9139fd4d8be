import { Counter, type Registry } from 'prom-client'

/** How an exchange ended: for who asked (`answered` to `refused`) and for who was asked (`served`, `rejected`). */
export type PeerResult = 'answered' | 'failed' | 'gone' | 'timed_out' | 'refused' | 'served' | 'rejected'

/** Counts what replicas ask each other. */
export interface PeerMetrics {
  /** `path`: one of ours, or `other`. */
  count(path: string, result: PeerResult): void
}

/** Registers the metric of this folder. */
export function createPeerMetrics(registry: Registry): PeerMetrics {
  const requests = new Counter({
    name: 'runtimeconfig_peer_requests_total',
    help: 'Requests between replicas, by path and by how they ended, for both sides.',
    labelNames: ['path', 'result'],
    registers: [registry],
  })
  return { count: (path, result) => requests.inc({ path, result }) }
}
