import { AppError } from '#core/errors.ts'
import { LayersError } from '#layers/errors.ts'

/** What a user's edit, or a flag of a request, can be refused with. */
const REFUSALS: ReadonlySet<string> = new Set([
  'configValidationError',
  'configPathNotFound',
  'configLayerReadonly',
  'configSyntaxError',
  'configTypeError',
  'configTooDeep',
  'overrideInvalid',
])

/**
 * Turns a fault of what somebody sent into the refusal for it. Whatever is no fault of that kind is thrown as it came.
 *
 * @param place where in the request it is, such as `edits`; absent: the message names it
 */
export function toRefusal(error: unknown, place?: string): AppError {
  if (!(error instanceof LayersError)) throw error
  if (error.code === 'configVersionConflict') {
    return new AppError(
      'configVersionConflict',
      'configVersionConflict: your settings changed since this version; read them again and repeat the change',
      { cause: error },
    )
  }
  if (!REFUSALS.has(error.code)) throw error
  const detail = place === undefined ? error.message : `${place}: ${error.message}`
  return new AppError('configValidationError', detail, { cause: error })
}

/** Turns a fault of what is stored into what everybody is told who needs it. It names whose text it is and where. */
export function toUnusable(error: unknown): AppError {
  if (!(error instanceof LayersError)) throw error
  return new AppError('CONFIG_UNUSABLE', `the stored configuration cannot be used: ${error.message}`, {
    cause: error,
  })
}
