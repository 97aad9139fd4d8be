import { LayersError, type LayersErrorCode } from './errors.ts'
import { placeOfValue } from './fault-place.ts'
import { formatKeyPath } from './key-path.ts'
import type { RuntimeProfile } from './runtimes/profile.ts'
import { type ManagedTexts, stackOfTexts } from './stack-of-texts.ts'

/** What is wrong with one of an administrator's texts. */
export interface ManagedFault {
  readonly field: 'config' | 'requirements'
  readonly code: LayersErrorCode
  /** `<line>:<column>: <what was expected and what came>`; the place as far as it is known. Never a value. */
  readonly message: string
}

/**
 * Checks what an administrator is about to set, before anybody's configuration is made of it: both texts parse, the settings
 * are of the kinds that the runtime expects, the requirements can be met.
 *
 * @returns null when both can be used
 */
export function findManagedFault(profile: RuntimeProfile, texts: ManagedTexts): ManagedFault | null {
  const { name, config, requirements } = texts
  const settings = config === undefined ? null : faultOf(profile, { name, config })
  if (settings !== null) return toFault('config', settings)
  const limits = requirements === undefined ? null : faultOf(profile, { name, requirements })
  return limits === null ? null : toFault('requirements', limits)
}

function faultOf(profile: RuntimeProfile, texts: ManagedTexts): LayersError | null {
  try {
    const stack = stackOfTexts({ profile, userFile: '', userText: '', managed: [texts] })
    const fault = profile.findTypeFault(stack.effectiveConfig())
    if (fault === null) return null
    const place = profile.format === 'toml' ? placeOfValue(texts.config ?? '', fault.path) : {}
    return new LayersError('configTypeError', `${formatKeyPath(fault.path)}: ${fault.reason}`, place)
  } catch (error) {
    if (error instanceof LayersError) return error
    throw error
  }
}

function toFault(
  field: ManagedFault['field'],
  { code, reason, place: { range } }: LayersError,
): ManagedFault {
  const place = range === undefined ? '' : `${String(range.line)}:${String(range.column)}: `
  return { field, code, message: `${place}${reason}` }
}
