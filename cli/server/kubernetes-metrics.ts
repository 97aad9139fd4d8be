import { Counter, Histogram, type Registry } from 'prom-client'

import type { RequestFact } from '#store/kubernetes/client.ts'

/** Makes the metrics of requests to the API server. Resources are those of our rules, never of a client. */
export function observeRequests(registry: Registry): (fact: RequestFact) => void {
  const requests = new Counter({
    name: 'runtimeconfig_kubernetes_requests_total',
    help: 'Requests to the API server that ended; code 0: without an answer.',
    labelNames: ['verb', 'resource', 'code'],
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'runtimeconfig_kubernetes_request_seconds',
    help: 'Time until the API server answered; for a watch, until it ended.',
    labelNames: ['verb'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600],
    registers: [registry],
  })
  return ({ verb, resource, code, seconds: took }) => {
    requests.inc({ verb, resource, code: String(code) })
    seconds.observe({ verb }, took)
  }
}
