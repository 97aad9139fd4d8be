import { createLayer, type ConfigLayer } from '#layers/layer.ts'
import type { TomlTable } from '#layers/value.ts'

/** Configuration that a thread brings along. `session` is set by who runs the thread; `user` holds for all of a user's threads. */
export interface ThreadEntry {
  readonly source: 'session' | 'user'
  readonly config: TomlTable
}

/** The only settings that a thread may bring: where its model comes from, and features (spec 07 §12). */
const THREAD_KEYS = ['model_provider', 'model_providers', 'features'] as const

/**
 * Makes layers of thread entries, in their order. A session entry is one more layer of session flags with nothing but
 * {@link THREAD_KEYS}, or no layer if it has none of them; a user entry is none, as in the reference.
 */
export function threadLayers(entries: readonly ThreadEntry[]): readonly ConfigLayer[] {
  return entries
    .filter((entry) => entry.source === 'session')
    .map((entry) => threadSettings(entry.config))
    .filter((config) => config.size > 0)
    .map((config) => createLayer({ type: 'sessionFlags' }, config))
}

function threadSettings(config: TomlTable): TomlTable {
  const settings = new Map()
  for (const key of THREAD_KEYS) {
    const value = config.get(key)
    if (value !== undefined) settings.set(key, value)
  }
  return settings
}
