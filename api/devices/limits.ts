/** So many a second on average, and so many at once. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** What one device, one user and all of them together may ask of the device channel. */
export interface DeviceLimits {
  /** Sockets on this replica, whoever they belong to. */
  readonly connections: number
  /** Devices of one user that are remembered; the one that is offline longest makes room. */
  readonly devicesPerUser: number
  readonly connectsPerUser: Rate
  readonly eventsPerDevice: Rate
  readonly bytesPerDevice: Rate
  /** Events over their rate that are refused one by one before the socket is closed. */
  readonly refusedEvents: number
  /** Commands that wait behind the one in hand, per device. */
  readonly waitingCommands: number
  /** The largest frame while a command is in hand; its ack carries output. */
  readonly frameBytes: number
  /** The same while none is: reading one of nested lists blocks everybody else. */
  readonly quietFrameBytes: number
  /** The same before a socket has shown a token. */
  readonly firstFrameBytes: number
  /** A socket that has not joined by then is closed. */
  readonly connectTimeoutMs: number
  readonly pingIntervalMs: number
  /** Longer than any command: executors answer no ping while one runs. */
  readonly pingTimeoutMs: number
  /** How often a connected token is looked at again. */
  readonly recheckMs: number
  /** How long an offline device is remembered. */
  readonly rememberMs: number
  /** How long `close` waits for commands in hand. */
  readonly closeTimeoutMs: number
}

const KIB = 1024
const MIB = 1024 * KIB
const HOUR_MS = 3_600_000

/** Far above what executors and agents do, far below what would harm the others. */
export const DEFAULT_DEVICE_LIMITS: DeviceLimits = {
  connections: 50_000,
  devicesPerUser: 10_000,
  connectsPerUser: { perSecond: 500, burst: 20_000 },
  eventsPerDevice: { perSecond: 5, burst: 60 },
  bytesPerDevice: { perSecond: 2 * MIB, burst: 32 * MIB },
  refusedEvents: 1000,
  waitingCommands: 16,
  frameBytes: 12 * MIB,
  quietFrameBytes: MIB,
  firstFrameBytes: 64 * KIB,
  connectTimeoutMs: 8000,
  pingIntervalMs: 25_000,
  pingTimeoutMs: 80_000,
  recheckMs: 40_000,
  rememberMs: 24 * HOUR_MS,
  closeTimeoutMs: 20_000,
}

/**
 * Counts something against a rate.
 *
 * The whole state is one number (when the bucket is full again, monotonic ms; 0 at the start), so it costs nothing to keep
 * one per socket.
 *
 * @returns the next state, or `null` when this would be too much
 */
export function spend(rate: Rate, state: number, use: { readonly nowMs: number; readonly cost: number }) {
  const next = Math.max(state, use.nowMs) + (use.cost * 1000) / rate.perSecond
  return next - use.nowMs > (rate.burst * 1000) / rate.perSecond ? null : next
}
