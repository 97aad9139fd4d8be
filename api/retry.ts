import { isAppError } from '#core/errors.ts'

// Each round lets at least one writer through, so this many rounds serve this many writers of one object at once.
const MAX_ROUNDS = 50

/**
 * Reads, decides and writes again when somebody else wrote in between. The task must start from a fresh read each time.
 * Rejects with `CONFLICT` only if that happened fifty times in a row.
 */
export async function retryOnConflict<T>(task: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round += 1) {
    try {
      return await task()
    } catch (error) {
      const lostRace = isAppError(error, 'CONFLICT') || isAppError(error, 'ALREADY_EXISTS')
      if (!lostRace || round === MAX_ROUNDS) throw error
    }
  }
}
