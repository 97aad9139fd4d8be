/**
 * Whose a device's status is to write, as one replica sees it. `contested`: we hold a socket of it and another replica says so
 * too, so that only the next heartbeat tells which of the two is dead.
 */
export type DeviceStanding = 'ours' | 'contested' | 'theirs'

/** What one replica knows of a device and of who holds it. */
export interface DeviceHolding {
  /** Name of this replica. */
  readonly self: string
  /** The replica in the device's status; `null`: none. */
  readonly holder: string | null
  readonly isHolderAlive: boolean
  /** What our own socket tells; `unknown`: we have never had one, or forgot it. */
  readonly here: 'online' | 'offline' | 'unknown'
  /** Another replica took the device since its last heartbeat here. */
  readonly isOvertaken: boolean
  /** Its status tells of a later heartbeat than the last one here. */
  readonly wasHeardElsewhere: boolean
  readonly isLeader: boolean
}

/**
 * Decides whose a device is. At rest it is exactly one replica's: the one that hears its heartbeats, else the one in its
 * status, else, when that one is gone, the leader's.
 */
export function standingOf(holding: DeviceHolding): DeviceStanding {
  const { self, holder, here, isOvertaken } = holding
  if (holder === self) return 'ours'
  if (here === 'online') return isOvertaken && holder !== null ? 'contested' : 'ours'
  if (holder === null) return isOursToRemember(holding) ? 'ours' : 'theirs'
  // Whoever still remembers a device that went elsewhere knows it no longer.
  return here === 'unknown' && !holding.isHolderAlive && holding.isLeader ? 'ours' : 'theirs'
}

function isOursToRemember({ here, wasHeardElsewhere, isLeader }: DeviceHolding): boolean {
  return here === 'unknown' ? isLeader : !wasHeardElsewhere
}
