import type { Registry } from 'prom-client'

import type { DeviceGateway } from '#api/devices/gateway.ts'
import type { Logger } from '#api/logger.ts'
import type { AuthSync, DeviceCommands, ObjectCache } from '#api/ports.ts'
import type { TokenVerifier } from '#api/token-verifier.ts'
import type { Settings } from '#cli/resolve-settings.ts'
import type { ManagerDeps } from '#controller/deps.ts'
import type { PeerSyncs } from '#controller/ports.ts'
import type { Clock } from '#core/clock.ts'
import type { Keyring } from '#secrets/keyring.ts'
import type { Sealer } from '#secrets/seal.ts'
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
  /** Finds ways to the devices of other replicas, as far as there are any. To be called once. */
  joinFleet(own: FleetParts): Fleet
  /** Begins what runs beside the caches, until `signal` aborts. Resolves when it can be relied on. */
  start(signal: AbortSignal): Promise<void>
  /** Gives up what only one may hold, so that the others need not wait. After commands in hand have ended. */
  release(): Promise<void>
  close(): Promise<void>
}

/** What this process has that reaching the devices of others takes. */
export interface FleetParts {
  readonly sealer: Sealer
  readonly gateway: Pick<DeviceGateway, 'channel' | 'reports'>
  readonly devices: Pick<ObjectCache<'Device'>, 'get'>
}

/** The way to every device, whichever replica holds its socket. */
export interface Fleet {
  readonly commands: DeviceCommands
  /** Absent: there are no others. */
  readonly peers?: PeerSyncs
  /** Begins to answer the others for what is connected here. Rejects with `SETTING_INVALID` when the address is taken. */
  answer(own: AuthSync): Promise<void>
  /** Takes no more questions; those in hand go on. */
  close(): void
  /** After `close`: resolves when questions in hand are answered, or were cut off after 5 s. */
  drain(): Promise<void>
}
