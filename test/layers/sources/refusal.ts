import { LayersError } from '#layers/errors.ts'

/** The refusal that something ends in. */
export async function refusalOf(attempt: Promise<unknown>): Promise<LayersError> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof LayersError) return error
    throw error
  }
  throw new Error('nothing was refused')
}
