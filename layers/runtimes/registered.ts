import { plainProfile } from './plain.ts'
import type { RuntimeProfile } from './profile.ts'
import { profileFor } from './profiles.ts'

/**
 * The profile of a Runtime as a registry describes it: its own where its file has the format that is known of it, else a
 * plain one, because an administrator may register anything under any name.
 */
export function registeredProfile(runtime: string, format: RuntimeProfile['format']): RuntimeProfile {
  const profile = profileFor(runtime)
  return profile?.format === format ? profile : plainProfile(runtime, format)
}
