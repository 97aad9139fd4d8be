import { Gauge, type Registry } from 'prom-client'

import { LEADER_TIMES } from '#core/lease.ts'

import { LeaseHolder, type LeaseHolderOptions } from './lease-holder.ts'

/** Tells whether this process does what only one of several may do: summaries, clean-up, re-sealing. */
export interface Leadership {
  readonly isLeader: boolean
  /** Calls back when it begins or ends. Returns how to stop listening. */
  onChange(listener: (isLeader: boolean) => void): () => void
}

/** For a process that is alone. */
export const ALONE: Leadership = { isLeader: true, onChange: () => () => undefined }

/** Leadership that is won, kept and lost by a Lease. */
export interface LeaderElection extends Leadership {
  /** Tries to win it, until `stop`. Never rejects. */
  start(): Promise<void>
  /** Gives it up, so that another need not wait. Never rejects. */
  stop(): Promise<void>
}

/** What electing a leader stands on. */
export interface LeaderElectionOptions extends Pick<
  LeaseHolderOptions,
  'leases' | 'clock' | 'random' | 'logger'
> {
  /** Name of this replica. */
  readonly replica: string
  readonly registry: Registry
}

/** Elects one of several replicas by the Lease `runtimeconfig-leader`; says in a metric whether it is this one. */
export function createLeaderElection({ replica, registry, ...basis }: LeaderElectionOptions): LeaderElection {
  const holder = new LeaseHolder({ ...basis, name: LEADER_LEASE, self: replica, times: LEADER_TIMES })
  const gauge: Gauge = new Gauge({
    name: 'runtimeconfig_leader',
    help: 'Whether this replica does what only one may do: 1, or 0.',
    registers: [registry],
    collect: () => gauge.set(holder.isHeld ? 1 : 0),
  })
  return {
    get isLeader() {
      return holder.isHeld
    },
    onChange: (listener) => holder.onChange(listener),
    start: () => holder.start(),
    stop: () => holder.stop(),
  }
}

const LEADER_LEASE = 'runtimeconfig-leader'

/**
 * Does something for as long as this process leads: `begin` is called each time leadership begins, what it returns when it
 * ends. Returns how to stop, which ends it too.
 */
export function whileLeading(leadership: Leadership, begin: () => () => void): () => void {
  let end: (() => void) | null = leadership.isLeader ? begin() : null
  const unsubscribe = leadership.onChange((isLeader) => {
    if (isLeader) end ??= begin()
    else end = finish(end)
  })
  return () => {
    unsubscribe()
    end = finish(end)
  }
}

function finish(end: (() => void) | null): null {
  end?.()
  return null
}
