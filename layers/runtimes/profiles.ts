import { claudeProfile } from './claude.ts'
import { codexProfile } from './codex.ts'
import type { RuntimeProfile } from './profile.ts'

/**
 * Finds the profile of a Runtime by its name.
 *
 * @param cliVersion release of the CLI; without it the newest that was observed
 * @returns null for a Runtime that has none of its own: see `plainProfile`
 * @throws LayersError `cliVersionInvalid` when it is no version
 */
export function profileFor(runtime: string, cliVersion?: string): RuntimeProfile | null {
  if (runtime === 'codex') return codexProfile(cliVersion)
  return runtime === 'claude' ? claudeProfile() : null
}
