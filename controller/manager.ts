import type { Explanation } from '#core/auth-sync-explanation.ts'
import type { SyncOutcome } from '#core/auth-sync-request.ts'
import type { DeviceKey } from '#core/device-command.ts'

import { explain } from './auth-sync/explain.ts'
import { requestSync, type SyncRequest } from './auth-sync/request-sync.ts'
import type { ManagerDeps } from './deps.ts'
import { wireControllers } from './wiring.ts'

/** What people ask of the reconcile loop. */
export interface AuthSync {
  /** Rejects with `DEVICE_UNKNOWN` or `RUNTIME_UNSUPPORTED`. */
  explain(device: DeviceKey, runtime: string): Promise<Explanation>
  /** Rejects with `RUNTIME_UNSUPPORTED`, `AUTH_MISSING`, `DECRYPT_FAILED` or `DEVICE_UNKNOWN`. */
  requestSync(request: SyncRequest): Promise<readonly SyncOutcome[]>
}

/** The running controllers. */
export interface Manager {
  readonly authSync: AuthSync
  /** Starts watching and working, until `signal` aborts or `stop`. To be called once, before devices connect. */
  start(signal: AbortSignal): Promise<void>
  /** Takes up nothing more; resolves when commands in hand have ended and statuses are written, after 20 s at the latest. */
  stop(): Promise<void>
  /** Throws when keys wait that nobody takes; for liveness. */
  checkAlive(): void
}

/** No key waits this long for a worker unless the workers are stuck. */
const STUCK_AFTER_MS = 120_000

/** Makes the controllers: nothing happens before `start`. */
export function createManager(deps: ManagerDeps): Manager {
  const controllers = wireControllers(deps)
  let stopped: Promise<void> | null = null
  const stop = () => (stopped ??= controllers.stop())
  return {
    authSync: {
      explain: (device, runtime) => explain(device, runtime, controllers.authSync),
      requestSync: (request) => requestSync(request, controllers.authSync),
    },
    start: async (signal) => {
      if (signal.aborted) return stop()
      controllers.start()
      signal.addEventListener('abort', () => void stop(), { once: true })
    },
    stop,
    checkAlive: () => {
      const waitedMs = Math.max(...controllers.queues.map((queue) => queue.longestWaitMs))
      if (waitedMs > STUCK_AFTER_MS)
        throw new Error(`a key has waited ${Math.round(waitedMs / 1_000)} s for a worker`)
    },
  }
}
