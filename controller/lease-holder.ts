import type { CancelTimer, Clock } from '#core/clock.ts'
import { AppError, isAppError } from '#core/errors.ts'
import { claimEndsAt, isExpired, leaseRetryMs, type LeaseTimes, planLease } from '#core/lease.ts'
import type { Lease, Leases } from '#store/leases.ts'

import type { Logger } from './ports.ts'

/** What holding a Lease stands on. */
export interface LeaseHolderOptions {
  readonly leases: Pick<Leases, 'get' | 'create' | 'update'>
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly logger: Logger
  /** Of the Lease. */
  readonly name: string
  /** Who holds it when this process does; no two processes that run at once have the same. */
  readonly self: string
  readonly times: LeaseTimes
  readonly annotations?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
}

/** A request that takes longer counts as failed: the claim goes on by the clock, not by what is hoped for. */
const ANSWER_MS = 5_000

/**
 * Holds one Lease, or waits for it. Claims it only while nobody else can: from when a renewal that succeeded was asked for,
 * for less time than others wait.
 */
export class LeaseHolder {
  readonly #options: LeaseHolderOptions
  readonly #listeners = new Set<(isHeld: boolean) => void>()
  #phase: 'new' | 'running' | 'stopped' = 'new'
  /** As it was seen last, and since when, monotonic ms. */
  #seen: { readonly lease: Lease | undefined; readonly since: number } | null = null
  /** The last write of ours is what is stored, as far as is known: no need to read before the next. */
  #isMine = false
  #claimEndsAt = Number.NEGATIVE_INFINITY
  #isToldHeld = false
  #round: Promise<void> = Promise.resolve()
  #cancelRound: CancelTimer = () => undefined
  #cancelEnd: CancelTimer = () => undefined

  constructor(options: LeaseHolderOptions) {
    this.#options = options
  }

  /** Whether it is held at this very moment. Looks at the clock: no timer has to fire for it to end. */
  get isHeld(): boolean {
    return this.#phase === 'running' && this.#options.clock.monotonic() < this.#claimEndsAt
  }

  /** Calls back when it begins or ends. Returns how to stop listening. */
  onChange(listener: (isHeld: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Tries for the first time, and goes on trying or renewing until `stop`. Never rejects. */
  async start(): Promise<void> {
    if (this.#phase !== 'new') return
    this.#phase = 'running'
    await this.#next()
  }

  /** Ends the claim, then releases the Lease so that others need not wait. Never rejects. */
  async stop(): Promise<void> {
    const wasHeld = this.#isMine
    this.#phase = 'stopped'
    this.#cancelRound()
    this.#tell()
    await this.#round
    if (wasHeld || this.#isMine) await this.#release()
  }

  #next(): Promise<void> {
    this.#round = this.#run()
    return this.#round
  }

  async #run(): Promise<void> {
    const { clock, times, random, logger, name } = this.#options
    let waitMs = leaseRetryMs(times, random())
    try {
      if (await this.#attempt()) waitMs = times.renewMs
    } catch (error) {
      // It is not as it was left: by whom it was changed is to be known at once.
      if (this.#isMine && !isAppError(error, 'STORE_UNAVAILABLE')) waitMs = 0
      this.#isMine = false
      // Somebody else was quicker: that is how it is meant to be.
      if (!isAppError(error, 'CONFLICT') && !isAppError(error, 'ALREADY_EXISTS'))
        logger.warn({ err: error, lease: name }, 'lease could not be read or written, will be tried again')
    }
    this.#tell()
    if (this.#phase === 'running') this.#cancelRound = clock.after(waitMs, () => void this.#next())
  }

  /** Gives whether the Lease was written. */
  async #attempt(): Promise<boolean> {
    const { clock, times, self } = this.#options
    const askedAt = clock.monotonic()
    const lease = await this.#look()
    const wasHolder = clock.monotonic() < this.#claimEndsAt
    const unchangedMs = clock.monotonic() - (this.#seen?.since ?? clock.monotonic())
    const step = planLease({ lease: lease && toSight(lease), unchangedMs }, { self, wasHolder })
    if (step === 'lost') this.#claimEndsAt = Number.NEGATIVE_INFINITY
    if (step === 'lost' || step === 'wait') return false
    await this.#write(lease)
    this.#isMine = true
    this.#claimEndsAt = claimEndsAt(askedAt, times)
    return true
  }

  async #look(): Promise<Lease | undefined> {
    if (this.#isMine) return this.#seen?.lease
    const lease = await this.#answer(this.#options.leases.get(this.#options.name))
    this.#see(lease)
    return lease
  }

  /** The time of a change is when it was heard of, which is never before it happened. */
  #see(lease: Lease | undefined): void {
    if (this.#seen !== null && this.#seen.lease?.resourceVersion === lease?.resourceVersion) return
    this.#seen = { lease, since: this.#options.clock.monotonic() }
  }

  async #write(before: Lease | undefined): Promise<void> {
    const { leases, clock } = this.#options
    const lease = held(before, this.#options, clock.now())
    this.#see(await this.#answer(before === undefined ? leases.create(lease) : leases.update(lease)))
  }

  async #release(): Promise<void> {
    const { leases, clock, logger, name, self } = this.#options
    try {
      const lease = await this.#answer(leases.get(name))
      if (lease?.holder !== self) return
      await this.#answer(
        leases.update({ ...lease, holder: null, durationSeconds: 1, renewedAt: clock.now() }),
      )
      logger.info({ lease: name }, 'lease released')
    } catch (error) {
      // Others wait until it expires, which is all that is lost.
      logger.warn({ err: error, lease: name }, 'lease could not be released')
    }
  }

  #tell(): void {
    const { clock, logger, name } = this.#options
    this.#cancelEnd()
    const { isHeld } = this
    if (isHeld) {
      this.#cancelEnd = clock.after(this.#claimEndsAt - clock.monotonic(), () => this.#tell())
    }
    if (isHeld === this.#isToldHeld) return
    this.#isToldHeld = isHeld
    if (isHeld) logger.info({ lease: name }, 'lease acquired')
    else if (this.#phase === 'running') logger.warn({ lease: name }, 'lease lost')
    for (const listener of this.#listeners) listener(isHeld)
  }

  async #answer<T>(request: Promise<T>): Promise<T> {
    return answerWithin(ANSWER_MS, request, this.#options.clock)
  }
}

function held(before: Lease | undefined, options: LeaseHolderOptions, now: number): Lease {
  const { name, self, times, annotations, labels } = options
  const lease = {
    name,
    holder: self,
    durationSeconds: times.durationMs / 1_000,
    acquiredAt: now,
    renewedAt: now,
    transitions: 0,
    annotations: { ...before?.annotations, ...annotations },
    labels: { ...before?.labels, ...labels },
  }
  if (before === undefined) return lease
  const { resourceVersion = '', acquiredAt, transitions } = before
  if (before.holder === self) return { ...lease, resourceVersion, acquiredAt, transitions }
  return { ...lease, resourceVersion, transitions: transitions + 1 }
}

/** Waits for an answer of the store about a Lease, but not for ever. Rejects with `STORE_UNAVAILABLE` then. */
export async function answerWithin<T>(timeoutMs: number, request: Promise<T>, clock: Clock): Promise<T> {
  const { promise: isLate, reject } = Promise.withResolvers<never>()
  const cancel = clock.after(timeoutMs, () =>
    reject(new AppError('STORE_UNAVAILABLE', `expected an answer about a Lease within ${timeoutMs} ms`)),
  )
  return Promise.race([request, isLate]).finally(cancel)
}

/** Tells whether others may count on a Lease being held, from how long it was seen unchanged. */
export function isLeaseHeld(lease: Lease, unchangedMs: number): boolean {
  return lease.holder !== null && !isExpired(toSight(lease), unchangedMs)
}

function toSight({ holder, durationSeconds }: Lease) {
  return { holder, durationMs: durationSeconds * 1_000 }
}
