import { rulesFor } from '#layers/precedence.ts'

import type { RuntimeProfile } from './profile.ts'
import { isSecretKey, isSecretValue } from './secret.ts'

/**
 * The profile of OpenAI's codex.
 *
 * @param cliVersion release whose behaviour is wanted; without it the newest that was observed
 * @throws LayersError `cliVersionInvalid` when it is no version
 */
export function codexProfile(cliVersion?: string): RuntimeProfile {
  return {
    runtime: 'codex',
    format: 'toml',
    rules: rulesFor('codex', cliVersion),
    normalise: (config) => config,
    findTypeFault: () => null,
    isKnownKey: () => true,
    isSecretKey,
    isSecretValue,
  }
}
