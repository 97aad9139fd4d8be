import { monitorEventLoopDelay } from 'node:perf_hooks'

import type { HealthCheck } from '#api/health.ts'

const RESOLUTION_MS = 100
const STALLED_MS = 10_000

/** Watches whether the event loop moves; a process whose loop stood still for ten seconds should be restarted. */
export function openLoopWatch(): { readonly check: HealthCheck; stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  return {
    stop: () => void delay.disable(),
    check: {
      name: 'event loop',
      check() {
        const worstMs = Math.round(delay.max / 1e6)
        delay.reset()
        if (worstMs > STALLED_MS) throw new Error(`the event loop stood still for ${worstMs} ms`)
      },
    },
  }
}
