/** How long one heartbeat keeps a device online (spec 04: three missed heartbeats of 30 s). */
export const HEARTBEAT_TIMEOUT_MS = 90_000

/** How long a dropped socket is forgiven, so that a reconnect changes nothing (spec 04). */
export const DROP_GRACE_MS = 2_000

/** What is known of a device's signs of life, as durations of the monotonic clock. */
export interface SignsOfLife {
  /** Since the last heartbeat; `null`: there was none yet. */
  readonly sinceHeartbeatMs: number | null
  /** Since its socket went away; `null`: the socket is there. */
  readonly sinceDropMs: number | null
}

/** Decides whether a device counts as online. At the limit itself it no longer does. */
export function isDeviceOnline(signs: SignsOfLife): boolean {
  if (signs.sinceHeartbeatMs === null || signs.sinceHeartbeatMs >= HEARTBEAT_TIMEOUT_MS) return false
  return signs.sinceDropMs === null || signs.sinceDropMs < DROP_GRACE_MS
}
