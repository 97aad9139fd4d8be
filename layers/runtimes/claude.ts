import { rulesFor } from '#layers/precedence.ts'

import type { RuntimeProfile } from './profile.ts'
import { isSecretKey, isSecretValue } from './secret.ts'

/** The profile of Anthropic's Claude Code, whose settings are JSON. */
export function claudeProfile(): RuntimeProfile {
  return {
    runtime: 'claude',
    format: 'json',
    rules: rulesFor('claude'),
    normalise: (config) => config,
    findTypeFault: () => null,
    isKnownKey: () => true,
    isSecretKey,
    isSecretValue,
  }
}
