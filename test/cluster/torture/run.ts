import { setTimeout as pause } from 'node:timers/promises'

import { createCache, type Cache } from '#store/cache.ts'
import { openKubernetes } from '#store/kubernetes/open.ts'
import { type ApiServer, startApiServer } from '#test/cluster/api-server.ts'
import type { Assets } from '#test/cluster/assets.ts'
import { seededRandom } from '#test/support/random.ts'

import { installDefinitions } from './definitions.ts'
import { type Direct, openDirect } from './direct.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { faultPlan } from './faults.ts'
import { Ledger } from './ledger.ts'
import { scaledClock } from './scaled-clock.ts'
import { Sightings } from './sightings.ts'
import { makeNamespaces, placeOf, readAll, TORTURED, write } from './writers.ts'

/** How hard, and for how long. */
export interface TortureOptions {
  readonly assets: Assets
  readonly seed: number
  /** At least. */
  readonly changes: number
  /** How often it goes from faults to quiet. */
  readonly rounds: number
  /** How long the faults of a round last, at least. */
  readonly faultyMs: number
  /** How much faster the time-outs and waits of the watching side run. */
  readonly speed: number
  readonly progress: (line: string) => void
}

/** How a run ended. */
export interface TortureSummary {
  readonly seed: number
  readonly changes: number
  /** Seen one by one; the others were stepped over by a new list. */
  readonly oneByOne: number
  readonly relists: number
  /** Neither seen nor stepped over by a list. */
  readonly missed: number
  /** Objects whose last state a listener did not see. */
  readonly unfinished: readonly string[]
  /** Where a listener saw an older version after a newer one. */
  readonly backwards: readonly string[]
  /** Objects that the cache and the server disagree about at the end. */
  readonly differing: readonly string[]
  readonly restarts: number
  readonly compactions: number
  readonly faults: Readonly<Record<string, number>>
  readonly requests: Readonly<Record<string, number>>
  /** On average while there were faults, in the time of the watching side. */
  readonly requestsPerKindAndSecond: number
  /** From the end of the faults of each round until everything written before was seen, in ms of real time. */
  readonly recoveredMs: readonly number[]
}

const WRITERS = 10
const RECOVER_WITHIN_MS = 120_000

/** Lets writers change objects beside a proxy that fails while a cache watches through it. */
export async function torture(options: TortureOptions): Promise<TortureSummary> {
  const server = await startApiServer(options.assets)
  const direct = await openDirect(server.kubeconfig)
  const proxy = await startFaultProxy(server.kubeconfig)
  const stopping = new AbortController()
  try {
    await installDefinitions(direct)
    const watching = await startWatching(proxy, options, stopping.signal)
    return await new Run({ ...options, server, direct, proxy, ...watching }).go()
  } finally {
    stopping.abort()
    direct.close()
    await proxy.close()
    await server.stop()
  }
}

interface Watching {
  readonly cache: Cache<(typeof TORTURED)[number]>
  readonly sightings: Sightings
}

async function startWatching(
  proxy: FaultProxy,
  { seed, speed }: TortureOptions,
  signal: AbortSignal,
): Promise<Watching> {
  const clock = scaledClock(speed)
  const random = seededRandom(seed + 1)
  const silent = () => undefined
  const logger = { debug: silent, info: silent, warn: silent, error: silent }
  const options = { kubeconfig: proxy.kubeconfig, namespace: 'default', clock, random, logger }
  const stores = await openKubernetes(options)
  signal.addEventListener('abort', () => void stores.close(), { once: true })
  const sightings = new Sightings()
  const cache = createCache({ store: sightings.around(stores.store), kinds: TORTURED, clock, random })
  for (const kind of TORTURED) sightings.listenTo(cache, kind)
  await cache.start(signal)
  return { cache, sightings }
}

interface Parts extends TortureOptions, Watching {
  readonly server: ApiServer
  readonly direct: Direct
  readonly proxy: FaultProxy
}

class Run {
  readonly #parts: Parts
  readonly #ledger = new Ledger()
  readonly #recoveredMs: number[] = []
  #restarts = 0
  #compactions = 0
  #faultyMs = 0
  #faultyRequests = 0
  #isOver = false
  #roundStartedAt = Number.POSITIVE_INFINITY

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async go(): Promise<TortureSummary> {
    const { direct, seed, rounds } = this.#parts
    const namespaces = Array.from({ length: WRITERS }, (_unused, at) => `torture-${seed}-${at}`)
    await makeNamespaces(direct, namespaces)
    const writers = namespaces.map((namespace, at) =>
      write({
        direct,
        ledger: this.#ledger,
        seed: seed * 100 + at,
        namespace,
        mayGoOn: () => this.#mayGoOn(),
      }),
    )
    for (let round = 0; round < rounds; round += 1) await this.#round(round)
    this.#isOver = true
    await Promise.all(writers)
    await this.#untilRecovered()
    return this.#summary()
  }

  /** Spreads the changes over the faults of all rounds; what is late is made up for. */
  async #mayGoOn(): Promise<boolean> {
    while (!this.#isOver && this.#ledger.changes.length >= this.#due()) await pause(20)
    return !this.#isOver
  }

  #due(): number {
    const { changes, rounds, faultyMs } = this.#parts
    const ofRound = Math.min(1, (performance.now() - this.#roundStartedAt) / faultyMs)
    return (changes * (this.#recoveredMs.length + ofRound)) / rounds
  }

  async #round(round: number): Promise<void> {
    const { proxy, faultyMs, changes, rounds, seed, progress } = this.#parts
    const [startedAt, before] = [performance.now(), total(proxy.requests)]
    this.#roundStartedAt = startedAt
    proxy.inject(faultPlan(seed * 1000 + round))
    await pause(faultyMs / 3)
    proxy.resetAll()
    await this.#restart()
    await pause(faultyMs / 3)
    await this.#compact()
    const left = faultyMs - (performance.now() - startedAt)
    if (left > 0) await pause(left)
    while (this.#ledger.changes.length < (changes * (round + 1)) / rounds) await pause(50)
    proxy.inject(undefined)
    this.#faultyMs += performance.now() - startedAt
    this.#faultyRequests += total(proxy.requests) - before
    this.#recoveredMs.push(await this.#untilRecovered())
    progress(
      `round ${round + 1} of ${rounds}: ${this.#ledger.changes.length} changes, ${total(proxy.requests)} requests, recovered in ${Math.round(this.#recoveredMs.at(-1) ?? 0)} ms`,
    )
  }

  async #restart(): Promise<void> {
    await this.#parts.server.kill()
    await this.#parts.server.restart()
    this.#restarts += 1
  }

  /** Nobody reaches the server while its history goes on and is thrown away: who comes back is too late. */
  async #compact(): Promise<void> {
    const { proxy, server } = this.#parts
    proxy.inject(() => ({ type: 'status', code: 503 }))
    proxy.resetAll()
    const from = this.#ledger.changes.length
    const until = performance.now() + 2000
    while (this.#ledger.changes.length < from + 20 && performance.now() < until) await pause(20)
    await server.compact()
    this.#restarts += 1
    this.#compactions += 1
    proxy.inject(faultPlan(this.#parts.seed * 1000 + 500 + this.#compactions))
  }

  async #untilRecovered(): Promise<number> {
    const { sightings } = this.#parts
    const written = [...this.#ledger.changes]
    const startedAt = performance.now()
    while (performance.now() - startedAt < RECOVER_WITHIN_MS) {
      if (sightings.hasReached(written)) return performance.now() - startedAt
      await pause(20)
    }
    return Number.POSITIVE_INFINITY
  }

  async #summary(): Promise<TortureSummary> {
    const { seed, sightings, proxy, speed } = this.#parts
    const { changes } = this.#ledger
    const missing = sightings.missing(changes)
    return {
      seed,
      changes: changes.length,
      oneByOne: sightings.oneByOne(changes),
      relists: sightings.relists(),
      missed: missing.length,
      unfinished: sightings.unfinished(changes),
      backwards: sightings.backwards,
      differing: await this.#differing(),
      restarts: this.#restarts,
      compactions: this.#compactions,
      faults: Object.fromEntries(proxy.faults),
      requests: Object.fromEntries(proxy.requests),
      requestsPerKindAndSecond: this.#faultyRequests / TORTURED.length / ((this.#faultyMs * speed) / 1000),
      recoveredMs: this.#recoveredMs.map(Math.round),
    }
  }

  async #differing(): Promise<readonly string[]> {
    const differing: string[] = []
    for (const kind of TORTURED) {
      const real = await readAll(this.#parts.direct, kind)
      const ours = new Map(
        this.#parts.cache
          .list(kind)
          .map(({ metadata }) => [placeOf(metadata), metadata.resourceVersion ?? '']),
      )
      const places = new Set([...real.keys(), ...ours.keys()])
      for (const place of places) {
        if (real.get(place) !== ours.get(place)) differing.push(`${kind} ${place}`)
      }
    }
    return differing
  }
}

function total(counts: ReadonlyMap<string, number>): number {
  return counts.values().reduce((sum, count) => sum + count, 0)
}
