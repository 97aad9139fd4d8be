import type { CancelTimer } from '#core/clock.ts'
import { isAppError } from '#core/errors.ts'
import { REPLICA_TIMES } from '#core/lease.ts'
import type { Lease, Leases } from '#store/leases.ts'

import type { Leadership } from './leadership.ts'
import { answerWithin, isLeaseHeld, LeaseHolder, type LeaseHolderOptions } from './lease-holder.ts'
import type { CommandAuthority, ReplicaDirectory } from './ports.ts'

/** What knowing the replicas stands on. */
export interface ReplicasOptions extends Pick<LeaseHolderOptions, 'clock' | 'random' | 'logger'> {
  readonly leases: Leases
  /** Name of this replica; no two that run at once have the same. */
  readonly replica: string
  /** Where the others reach this one; `null`: nowhere. */
  readonly peerUrl: string | null
  /** Whoever leads deletes the Leases of replicas that are long gone; absent: nobody does. */
  readonly leadership?: Pick<Leadership, 'isLeader'>
}

/** A replica as it was seen in the list before. */
interface Seen {
  readonly lease: Lease
  /** Monotonic ms at which this version was first seen. */
  readonly since: number
}

const KIND_LABEL = 'agent.wecode.io/kind'
const KIND = 'replica'
const PEER_URL = 'agent.wecode.io/peer-url'
const NAME_PREFIX = 'runtimeconfig-replica-'

/** How often the others are looked at. */
const REFRESH_MS = 10_000

/** How soon they are looked at again when somebody asks for one that was not there; never more often. */
const DOUBT_MS = 1_000

const ANSWER_MS = 5_000

/** A Lease that nobody renewed for so long is deleted: its replica is gone, and was noticed to be by everybody. */
const SWEEP_AFTER_MS = 10 * 60_000

/**
 * The replicas of this installation: keeps this one's own Lease, and a picture of all the others'. While a list cannot be had,
 * the picture stays as it is.
 */
export class Replicas implements ReplicaDirectory, CommandAuthority {
  readonly #options: ReplicasOptions
  readonly #own: LeaseHolder
  readonly #listeners = new Set<() => void>()
  /** By replica. */
  #seen: ReadonlyMap<string, Seen> = new Map()
  #alive: ReadonlySet<string> = new Set()
  /** When the picture was taken, monotonic ms; `null`: there is none yet. */
  #seenAt: number | null = null
  /** Asked for and not in the picture: they may be newer than it. */
  #doubts = new Set<string>()
  /** Not in a picture that is newer than the doubt. */
  readonly #unknown = new Set<string>()
  #isLooking = false
  #timer: { readonly dueAt: number; readonly cancel: CancelTimer } | null = null
  #isRunning = false

  constructor(options: ReplicasOptions) {
    const { replica, peerUrl } = options
    this.#options = options
    this.#own = new LeaseHolder({
      ...options,
      name: `${NAME_PREFIX}${replica}`,
      self: replica,
      times: REPLICA_TIMES,
      labels: { [KIND_LABEL]: KIND },
      annotations: peerUrl === null ? {} : { [PEER_URL]: peerUrl },
    })
  }

  /** Whether this replica may act: its own Lease is held. */
  get isHeld(): boolean {
    return this.#own.isHeld
  }

  /** Says that this replica is there, and looks who else is; goes on until `stop`. Never rejects. */
  async start(): Promise<void> {
    this.#isRunning = true
    await this.#own.start()
    await this.#look()
  }

  /** Says that this replica is gone. Never rejects. */
  async stop(): Promise<void> {
    this.#isRunning = false
    this.#timer?.cancel()
    await this.#own.stop()
  }

  urlOf(gateway: string): string | undefined {
    if (!this.isAlive(gateway)) return undefined
    return this.#seen.get(gateway)?.lease.annotations[PEER_URL]
  }

  isAlive(gateway: string): boolean {
    if (gateway === this.#options.replica || this.#alive.has(gateway)) return true
    if (this.#seen.has(gateway)) return false
    return this.#doubt(gateway)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** A replica that nobody has seen may just have started: it counts as alive until a newer picture says otherwise. */
  #doubt(gateway: string): boolean {
    if (this.#unknown.has(gateway)) return false
    if (!this.#doubts.has(gateway)) {
      this.#doubts.add(gateway)
      const sinceMs = this.#options.clock.monotonic() - (this.#seenAt ?? Number.NEGATIVE_INFINITY)
      this.#lookIn(Math.max(0, DOUBT_MS - sinceMs))
    }
    return true
  }

  /** Of several times the earliest counts. */
  #lookIn(delayMs: number): void {
    const { clock } = this.#options
    const dueAt = clock.monotonic() + delayMs
    if (!this.#isRunning || (this.#timer !== null && this.#timer.dueAt <= dueAt)) return
    this.#timer?.cancel()
    const cancel = clock.after(delayMs, () => {
      this.#timer = null
      void this.#look()
    })
    this.#timer = { dueAt, cancel }
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    const { leases, clock, random, logger } = this.#options
    const doubts = this.#doubts
    this.#doubts = new Set()
    try {
      const list = await answerWithin(ANSWER_MS, leases.list(`${KIND_LABEL}=${KIND}`), clock)
      this.#see(list, doubts)
      await this.#sweep()
    } catch (error) {
      for (const gateway of doubts) this.#doubts.add(gateway)
      logger.warn({ err: error }, 'replicas could not be listed, will be tried again')
    } finally {
      this.#isLooking = false
      this.#lookIn(this.#doubts.size > 0 ? DOUBT_MS : REFRESH_MS * (0.9 + 0.2 * random()))
    }
  }

  #see(list: readonly Lease[], doubts: ReadonlySet<string>): void {
    const now = this.#options.clock.monotonic()
    const seen = new Map(list.map((lease) => [replicaOf(lease), this.#sight(lease, now)]))
    const alive = [...seen].filter(([, { lease, since }]) => isLeaseHeld(lease, now - since))
    const before = this.#alive
    this.#seen = seen
    this.#seenAt = now
    this.#alive = new Set(alive.map(([name]) => name))
    if (this.#unknown.size > MAX_UNKNOWN) this.#unknown.clear()
    for (const gateway of doubts) this.#unknown.add(gateway)
    for (const gateway of seen.keys()) this.#unknown.delete(gateway)
    const isSame = before.size === this.#alive.size && alive.every(([name]) => before.has(name))
    if (!isSame || doubts.size > 0) for (const listener of this.#listeners) listener()
  }

  async #sweep(): Promise<void> {
    const { clock, leases, logger, leadership } = this.#options
    if (leadership?.isLeader !== true) return
    for (const [replica, { lease, since }] of this.#seen) {
      if (this.isAlive(replica) || clock.monotonic() - since < SWEEP_AFTER_MS) continue
      try {
        await answerWithin(ANSWER_MS, leases.delete(lease), clock)
        logger.info({ replica }, 'lease of a replica that is gone was deleted')
      } catch (error) {
        // It came back.
        if (!isAppError(error, 'CONFLICT')) throw error
      }
    }
  }

  #sight(lease: Lease, now: number): Seen {
    const before = this.#seen.get(replicaOf(lease))
    const isSame = before?.lease.resourceVersion === lease.resourceVersion
    return before !== undefined && isSame ? before : { lease, since: now }
  }
}

/** Names that Device objects still hold; beyond this they are simply asked for anew. */
const MAX_UNKNOWN = 10_000

function replicaOf({ name }: Lease): string {
  return name.slice(NAME_PREFIX.length)
}
