import type { Principal } from '#api/principal.ts'
import type { DeviceKey } from '#core/device-command.ts'
import type { DeviceReport } from '#core/device-report.ts'

/** What the device channel needs of `api/authenticate.ts`. */
export interface DeviceAuthenticator {
  /** Rejects with `UNAUTHENTICATED`. */
  authenticate(bearer: string): Promise<Principal>
  /** Resolves `false` once the token was revoked or has expired, or its user was deactivated. */
  recheck(principal: Principal): Promise<boolean>
}

/** What changed in a report; `runtimes` names those whose file report differs from the one before. */
export interface ReportChange {
  readonly device: DeviceKey
  /**
   * `registered`: new, or it describes itself differently. `online` names the changed runtimes too. `layers`: what it says of
   * its configuration changed.
   */
  readonly kind: 'registered' | 'online' | 'offline' | 'runtimes' | 'layers'
  readonly runtimes: readonly string[]
}

/** What devices say, in memory; states here what `controller` asks for in its own words. */
export interface DeviceReports {
  get(device: DeviceKey): DeviceReport | undefined
  /** Every known device of a user, offline ones that are still remembered included. */
  list(namespace: string): readonly DeviceReport[]
  /** Calls back once per change, synchronously. Returns how to stop listening. */
  onChange(listener: (change: ReportChange) => void): () => void
  /** Asks for one change at the device's next heartbeat for this runtime even if it says the same as before. */
  awaitHeartbeat(device: DeviceKey, runtime: string): void
  /** Forgets a device that is not connected here: another replica speaks with it now. One that is connected stays. */
  release(device: DeviceKey): void
}
