import { LayersError } from '#layers/errors.ts'

/** The code and the message that an action is refused with, or null when it is not. */
export function refusalOf(action: () => unknown): { readonly code: string; readonly message: string } | null {
  try {
    action()
    return null
  } catch (error) {
    if (error instanceof LayersError) return { code: error.code, message: error.message }
    throw error
  }
}
