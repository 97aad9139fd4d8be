import { observedCodex, rulesFor } from '#layers/precedence.ts'

import { CODEX_FIELDS } from './codex-fields.ts'
import type { TableField } from './field.ts'
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
    root: settingsOf(observed),
    withdrawn: CODEX_WITHDRAWN[observed] ?? [],
  })
}

/** By release that was observed, of which there are few: every load asks for the same one. */
const settings = new Map<string, TableField>()

function settingsOf(observed: string): TableField {
  const known = settings.get(observed)
  if (known !== undefined) return known
  const resolved = fieldsOfRelease(CODEX_FIELDS, observed)
  settings.set(observed, resolved)
  return resolved
}
