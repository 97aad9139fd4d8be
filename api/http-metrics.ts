import type { Response } from 'express'
import { Counter, Histogram, type Registry } from 'prom-client'

import type { RouteFacts } from './route.ts'

/** Counts and times requests. Labels are the route's template, method and status: nothing that a client can choose. */
export interface HttpMetrics {
  /** Gives what to call with each response of this route. */
  forRoute(route: RouteFacts): (res: Response) => void
  countLimited(): void
  /** One per value that an answer needed and that did not open. */
  countUnopened(kind: 'auth' | 'proxy' | 'config'): void
}

const BUCKETS_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 65]

/** Registers the API's metrics. */
export function createHttpMetrics(registry: Registry): HttpMetrics {
  const seconds = new Histogram({
    name: 'runtimeconfig_http_request_duration_seconds',
    help: 'Time from a request to its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  })
  const limited = new Counter({
    name: 'runtimeconfig_http_rate_limited_total',
    help: 'Requests refused because their address or user asked too often.',
    registers: [registry],
  })
  const unopened = new Counter({
    name: 'runtimeconfig_sealed_values_unopened_total',
    help: 'Stored values that an answer needed and that did not open or parse.',
    labelNames: ['kind'],
    registers: [registry],
  })
  return {
    forRoute: (route) => observerOf(seconds, route),
    countLimited: () => limited.inc(),
    countUnopened: (kind) => unopened.inc({ kind }),
  }
}

function observerOf(seconds: Histogram, route: RouteFacts): (res: Response) => void {
  // A child per status, kept: looking labels up costs more than counting.
  const children = new Map<number, Histogram.Internal<string>>()
  const childOf = (status: number): Histogram.Internal<string> => {
    const known = children.get(status)
    if (known !== undefined) return known
    const child = seconds.labels(route.method.toUpperCase(), route.path, String(status))
    children.set(status, child)
    return child
  }
  return (res) => {
    const startedAt = performance.now()
    res.once('close', () => childOf(res.statusCode).observe((performance.now() - startedAt) / 1000))
  }
}
