import { Gauge, type Registry } from 'prom-client'

import type { Caches } from './caches.ts'

/** Adds the metric that tells for each kind in memory how long its watch has been silent, which in an idle store it is. */
export function registerWatchAge(registry: Registry, { objects, kinds }: Caches): void {
  const gauge: Gauge = new Gauge({
    name: 'runtimeconfig_watch_age_seconds',
    help: 'Seconds since the watch of a kind was heard of last; an idle store is silent.',
    labelNames: ['kind'],
    registers: [registry],
    collect: () => {
      for (const kind of kinds) gauge.set({ kind }, objects.lastEventAgeMs(kind) / 1000)
    },
  })
}
