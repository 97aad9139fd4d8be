/**
 * How long who may rely on what, in ms. Kubernetes' leader election: others wait longer than the holder claims, so that two
 * never claim at once although their clocks agree about nothing but, roughly, how fast time passes.
 */
export interface LeaseTimes {
  /** Others take it when they saw no change for so long, by their own monotonic clock. */
  readonly durationMs: number
  /** The holder claims it for so long since it began to ask for the last renewal that succeeded. */
  readonly deadlineMs: number
  readonly renewMs: number
  /** After a failure, and while another holds it; jittered. */
  readonly retryMs: number
}

/** The duties that only one may have (spec 05). */
export const LEADER_TIMES: LeaseTimes = {
  durationMs: 15_000,
  deadlineMs: 10_000,
  renewMs: 2_000,
  retryMs: 2_000,
}

/** A replica says that it is there. */
export const REPLICA_TIMES: LeaseTimes = {
  durationMs: 40_000,
  deadlineMs: 30_000,
  renewMs: 10_000,
  retryMs: 2_000,
}

/** A Lease as one process sees it. What its holder wrote about times of day says nothing to others and is not in here. */
export interface LeaseSight {
  /** `undefined`: there is none. */
  readonly lease: { readonly holder: string | null; readonly durationMs: number } | undefined
  /** For how long it was seen exactly so, by the monotonic clock of the one who looks. */
  readonly unchangedMs: number
}

/**
 * What to do about a Lease: `acquire` and `renew` write it, on condition that it is still as it was seen; `lost`: another took
 * it from the one who asks.
 */
export type LeaseStep = 'acquire' | 'renew' | 'wait' | 'lost'

/** Who asks what to do. */
export interface LeaseAsker {
  readonly self: string
  /** Whether it was the holder when it last looked. */
  readonly wasHolder: boolean
}

/** Decides what to do about a Lease. */
export function planLease({ lease, unchangedMs }: LeaseSight, { self, wasHolder }: LeaseAsker): LeaseStep {
  if (lease?.holder === self) return 'renew'
  // Whoever comes back to find it in other hands, or in nobody's, first has to stop doing what holders do.
  if (wasHolder) return 'lost'
  if (lease === undefined || lease.holder === null) return 'acquire'
  return isExpired(lease, unchangedMs) ? 'acquire' : 'wait'
}

/** Tells whether a Lease was seen unchanged for so long that its holder does not claim it any more. */
export function isExpired({ durationMs }: { readonly durationMs: number }, unchangedMs: number): boolean {
  return unchangedMs >= durationMs
}

/** Gives the moment until which a claim stands, of the clock that `askedAt` is of: when the renewal was asked for. */
export function claimEndsAt(askedAt: number, { deadlineMs }: LeaseTimes): number {
  return askedAt + deadlineMs
}

/** Gives the time until the next try; those who wait for the same Lease do not come at once. `random` in [0, 1). */
export function leaseRetryMs({ retryMs }: LeaseTimes, random: number): number {
  return Math.round(retryMs * (1 + 1.2 * random))
}
