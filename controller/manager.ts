import type { ManagerDeps } from './deps.ts'
import type { AuthSync } from './fleet.ts'
import { wireControllers } from './wiring.ts'

/** The running controllers. */
export interface Manager {
  /** For every device, whichever replica holds its socket. */
  readonly authSync: AuthSync
  /** For the devices of this replica alone: what it answers others with. */
  readonly ownAuthSync: AuthSync
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
    authSync: controllers.authSync,
    ownAuthSync: controllers.ownAuthSync,
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
