import { observedCodex, rulesFor } from '#layers/precedence.ts'

import { CODEX_FIELDS } from './codex-fields.ts'
import type { RuntimeProfile } from './profile.ts'
import { fieldsOfRelease } from './resolve.ts'
import { typedProfile } from './typed-profile.ts'
import { CODEX_WITHDRAWN } from './withdrawn.ts'

/**
 * The profile of OpenAI's codex.
 *
 * @param cliVersion release whose behaviour is wanted; without it the newest that was observed
 * @throws LayersError `cliVersionInvalid` when it is no version
 */
export function codexProfile(cliVersion?: string): RuntimeProfile {
  const observed = observedCodex(cliVersion)
  return typedProfile({
    runtime: 'codex',
    format: 'toml',
    rules: rulesFor('codex', cliVersion),
    root: fieldsOfRelease(CODEX_FIELDS, observed),
    withdrawn: CODEX_WITHDRAWN[observed] ?? [],
  })
}
