import { isAppError } from '#core/errors.ts'

/** Runs what must fail as expected and gives how; a success or a bug is thrown on. */
export function refusalOf(act: () => unknown): { readonly code: string; readonly message: string } {
  try {
    act()
  } catch (error) {
    if (isAppError(error)) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('expected a refusal, got an answer')
}
