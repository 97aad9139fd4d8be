import { isAppError } from '#core/errors.ts'

import type { Turns } from './turns.ts'

// Each round lets at least one writer through, and of this process only one races: others are other replicas and kubectl.
const MAX_ROUNDS = 50

/**
 * Reads, decides and writes again when somebody else wrote in between. The task must start from a fresh read each time. Who
 * lost once waits for the others of this process with the same `key`: among many, one would lose every time.
 * Rejects with `CONFLICT` only if that happened fifty times in a row.
 */
export async function retryOnConflict<T>(
  { turns }: { readonly turns: Turns },
  key: string,
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await task()
  } catch (error) {
    if (!isLostRace(error)) throw error
    return turns.take(key, () => raceOn(task))
  }
}

async function raceOn<T>(task: () => Promise<T>): Promise<T> {
  for (let round = 2; ; round += 1) {
    try {
      return await task()
    } catch (error) {
      if (!isLostRace(error) || round === MAX_ROUNDS) throw error
    }
  }
}

function isLostRace(error: unknown): boolean {
  return isAppError(error, 'CONFLICT') || isAppError(error, 'ALREADY_EXISTS')
}
