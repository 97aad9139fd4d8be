import { createHash } from 'node:crypto'

import { ALONE, type Leadership } from '#controller/leadership.ts'
import type { ObjectCache } from '#controller/ports.ts'
import { run } from '#controller/run.ts'
import type { CancelTimer, Clock } from '#core/clock.ts'
import type { SealingKeys } from '#secrets/seal.ts'
import { kidOf } from '#secrets/seal.ts'
import type { ObjectKey } from '#store/store.ts'

import { resealObject, type ResealDeps, type ResealResult } from './reseal-object.ts'
import { kidsOf, SEALED_KINDS, type SealedKind, type SealedValue, sealedValuesOf } from './sealed-values.ts'

/** What a round stands on. */
export interface RoundDeps extends ResealDeps {
  readonly cache: Pick<ObjectCache, 'list'>
  readonly clock: Clock
  readonly leadership?: Leadership
}

/** Devices and statuses come first when a process starts. */
const FIRST_AFTER_MS = 5_000

/** How long a rotation may go unnoticed, and a failure unrepeated. A look costs no request. */
const EVERY_MS = 60_000

/** Each object is read, written, and its status written: the API server has others to serve. */
const PAUSE_MS = 50

/**
 * Seals anew, while this process leads, whatever is sealed with another key than the current one. Does nothing with a sealer
 * that tells no keys apart. Returns how to stop.
 */
export function watchSealedValues(deps: RoundDeps): () => void {
  const { keys } = deps.sealer
  if (keys === undefined) return () => undefined
  const rounds = new Rounds(deps, keys)
  const stop = (deps.leadership ?? ALONE).onChange(() => rounds.planNext(FIRST_AFTER_MS))
  rounds.planNext(FIRST_AFTER_MS)
  return () => {
    stop()
    rounds.stop()
  }
}

interface Found {
  readonly kind: SealedKind
  readonly key: ObjectKey
}

class Rounds {
  readonly #deps: RoundDeps
  readonly #keys: SealingKeys
  readonly #leadership: Leadership
  /**
   * Fingerprints, by field, of values that are not to be looked at again: they do not open, or were sealed anew already and
   * somebody applies the old one again and again.
   */
  readonly #settled = new Map<string, string>()
  #isRunning = false
  #isStopped = false
  #cancel: CancelTimer = () => undefined

  constructor(deps: RoundDeps, keys: SealingKeys) {
    this.#deps = deps
    this.#keys = keys
    this.#leadership = deps.leadership ?? ALONE
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  planNext(delayMs: number): void {
    this.#cancel()
    if (!this.#isStopped) this.#cancel = this.#deps.clock.after(delayMs, () => void this.#begin())
  }

  async #begin(): Promise<void> {
    if (!this.#isRunning) {
      this.#isRunning = true
      await this.#round()
      this.#isRunning = false
    }
    this.planNext(EVERY_MS)
  }

  async #round(): Promise<void> {
    let count = 0
    for (const found of this.#leadership.isLeader ? this.#find() : []) {
      if (!this.#mayGoOn) break
      const isDone = await this.#reseal(found)
      if (!isDone) break
      count += 1
      await this.#pause()
    }
    if (count > 0)
      this.#deps.logger.info(
        { objects: count, key: this.#keys.current },
        'sealed values anew with the current key',
      )
  }

  get #mayGoOn(): boolean {
    return !this.#isStopped && this.#leadership.isLeader
  }

  /** Objects in memory with a value of another key that is worth a try. */
  #find(): readonly Found[] {
    const { current } = this.#keys
    return SEALED_KINDS.flatMap((kind) => {
      const objects = this.#deps.cache
        .list(kind)
        .filter((object) => kidsOf(object).some((kid) => kid !== current))
      return objects
        .filter((object) => sealedValuesOf(object).some((value) => this.#isDue(kind, object.metadata, value)))
        .map(({ metadata: { namespace = '', name } }) => ({ kind, key: { namespace, name } }))
    })
  }

  #isDue(kind: SealedKind, key: ObjectKey, { field, text }: SealedValue): boolean {
    const kid = kidOf(text)
    if (kid === this.#keys.current) return false
    // Its key is gone. Should it be put back, it is found then.
    if (kid !== null && !this.#keys.all.includes(kid)) return false
    return this.#settled.get(nameOf(kind, key, field)) !== fingerprintOf(text)
  }

  /** Tells whether to go on: a store that is away now is away for the others too. */
  async #reseal({ kind, key }: Found): Promise<boolean> {
    let isReachable = true
    const task = { kind, key, keys: this.#keys }
    const reseal = async () => this.#settle(kind, key, await resealObject(task, this.#deps))
    const report = (error: unknown) => {
      this.#deps.logger.warn(
        { err: error, kind, object: `${key.namespace}/${key.name}` },
        'a value was not sealed anew',
      )
    }
    await run(reseal, {
      done: () => undefined,
      // Whoever wrote it sealed it with the key that is current there; the next round looks at it.
      again: () => undefined,
      later: (error) => {
        isReachable = false
        report(error)
      },
      stall: report,
    })
    return isReachable
  }

  #settle(kind: SealedKind, key: ObjectKey, { replaced, left }: ResealResult): void {
    for (const { field, text } of [...replaced, ...left])
      this.#settled.set(nameOf(kind, key, field), fingerprintOf(text))
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#deps.clock.after(PAUSE_MS, resolve)
    await promise
  }
}

function nameOf(kind: SealedKind, { namespace = '', name }: ObjectKey, field: string): string {
  return `${kind}/${namespace}/${name}/${field}`
}

function fingerprintOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
