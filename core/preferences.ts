import { isRecord } from './json.ts'

type Preferences = Readonly<Record<string, unknown>>

/** What a user switched on for one runtime. */
export interface RuntimePreference {
  readonly useUserConfig: boolean
  readonly useProxy: boolean
}

/** What a request changes; an absent `useProxy` leaves the stored one as it is. */
export interface RuntimePreferenceChange {
  readonly useUserConfig: boolean
  readonly useProxy?: boolean
}

const CONFIGS = 'runtime_configs'

/** Reads a runtime's switches. Only the boolean `true` counts as on; whatever is malformed reads as off. */
export function readRuntimePreference(preferences: Preferences, runtime: string): RuntimePreference {
  const entry = recordAt(recordAt(preferences, CONFIGS), runtime)
  return { useUserConfig: own(entry, 'use_user_config') === true, useProxy: own(entry, 'use_proxy') === true }
}

/**
 * Gives the preferences with a runtime's switches set. Other preferences, other runtimes and unknown keys of the entry
 * survive; a malformed entry, or a malformed table of entries, is replaced.
 */
export function withRuntimePreference(
  preferences: Preferences,
  runtime: string,
  change: RuntimePreferenceChange,
): Preferences {
  const configs = recordAt(preferences, CONFIGS)
  const entry = {
    ...recordAt(configs, runtime),
    use_user_config: change.useUserConfig,
    ...(change.useProxy !== undefined && { use_proxy: change.useProxy }),
  }
  return { ...asRecord(preferences), [CONFIGS]: { ...configs, [runtime]: entry } }
}

/**
 * Gives the preferences with `use_proxy: false` in every runtime's entry that has the key. Hands back the very same object
 * when nothing changes, so that nothing needs to be written.
 */
export function withoutProxyUse(preferences: Preferences): Preferences {
  const entries = Object.entries(recordAt(preferences, CONFIGS))
  if (!entries.some(([, entry]) => usesProxyKey(entry))) return preferences
  const configs = entries.map(([name, entry]) => [
    name,
    usesProxyKey(entry) ? { ...entry, use_proxy: false } : entry,
  ])
  return { ...preferences, [CONFIGS]: Object.fromEntries(configs) }
}

function usesProxyKey(entry: unknown): entry is Preferences {
  return isRecord(entry) && Object.hasOwn(entry, 'use_proxy') && entry['use_proxy'] !== false
}

function recordAt(from: Preferences, key: string): Preferences {
  return asRecord(own(from, key))
}

/** Only what the object owns: a runtime may be called `constructor`. */
function own(from: Preferences, key: string): unknown {
  return isRecord(from) && Object.hasOwn(from, key) ? from[key] : undefined
}

function asRecord(value: unknown): Preferences {
  return isRecord(value) ? value : {}
}
