import { rulesFor } from '#layers/precedence.ts'

import type { RuntimeProfile } from './profile.ts'
import { isSecretKey, isSecretValue } from './secret.ts'

/**
 * The profile of a Runtime that nobody knows more of than where its file is: nothing is rewritten, every key is known and
 * every value fits. Secrets are told by the names of their keys.
 */
export function plainProfile(runtime: string, format: RuntimeProfile['format']): RuntimeProfile {
  return {
    runtime,
    format,
    rules: rulesFor(runtime),
    normalise: (config) => config,
    findTypeFault: () => null,
    isKnownKey: () => true,
    isSecretKey,
    isSecretValue,
  }
}
