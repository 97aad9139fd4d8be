import { createHash } from 'node:crypto'

import type { CancelTimer, Clock } from '#core/clock.ts'

/** Every object is looked at once in so long. */
const PERIOD_MS = 10 * 60_000

/** Into so many parts a period is divided; each object has its own. */
const PHASES = 60

/**
 * Calls back with a phase, one after the other, so that each of the {@link phaseOf} phases comes once in a period: the work of
 * a large fleet is spread evenly. Returns how to stop.
 */
export function everyPhase(clock: Clock, task: (phase: number) => void): CancelTimer {
  let phase = 0
  let cancel: CancelTimer = () => undefined
  const next = () => {
    cancel = clock.after(PERIOD_MS / PHASES, () => {
      task(phase)
      phase = (phase + 1) % PHASES
      next()
    })
  }
  next()
  return () => cancel()
}

/** The phase of an object: always the same for a name. */
export function phaseOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) % PHASES
}
