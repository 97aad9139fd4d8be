import type { Registry } from 'prom-client'

import type { Logger } from '#api/logger.ts'
import type { TokenVerifier } from '#api/token-verifier.ts'
import type { Settings } from '#cli/resolve-settings.ts'
import type { ManagerDeps } from '#controller/deps.ts'
import type { Clock } from '#core/clock.ts'
import type { Keyring } from '#secrets/keyring.ts'
import type { SigningKey } from '#secrets/signing.ts'
import type { Store } from '#store/store.ts'
import type { Tokens } from '#store/tokens.ts'
import type { Users } from '#store/users.ts'

/** What a foundation is laid with. */
export interface FoundationDeps {
  readonly settings: Settings
  readonly clock: Clock
  readonly logger: Logger
  readonly registry: Registry
}

/** What a server stands on, whatever keeps its data: the rest does not know which it is. */
export interface Foundation {
  readonly store: Store
  readonly users: Users
  readonly tokens: Tokens
  readonly keyring: Keyring
  readonly signingKey: SigningKey
  /** A watch that says nothing for so long fails readiness, ms; `null`: an idle store says nothing at all. */
  readonly maxSilenceMs: number | null
  /** Asked after the server's own, in order. */
  readonly moreVerifiers: readonly TokenVerifier[]
  /** What the reconcile loop needs besides when it is not alone. */
  readonly forManager: Partial<ManagerDeps>
  /** Makes what must be there before anything is read, and waits for a store that is away. */
  prepare(signal: AbortSignal): Promise<void>
  /** Begins what runs beside the caches, until `signal` aborts. Resolves when it can be relied on. */
  start(signal: AbortSignal): Promise<void>
  /** Gives up what only one may hold, so that the others need not wait. After commands in hand have ended. */
  release(): Promise<void>
  close(): Promise<void>
}
