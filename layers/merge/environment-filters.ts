import type { TomlTable } from '#layers/value.ts'

/** The table whose two spellings exclude each other. */
export const POLICY_KEY = 'shell_environment_policy'

const FILTERS = ['filters'] as const
const LISTS = ['exclude', 'include_only'] as const

/**
 * Takes out of a lower layer's policy for environment variables what the layer above says in the other spelling: a layer
 * with `filters` ends the older lists of the layers below it, and a list ends their `filters`. Both together would be
 * refused by the CLI.
 *
 * Seen on codex 0.169.0, which drops the other spelling and does not turn it into its own.
 *
 * @returns the lower table, itself where nothing has to go
 */
export function withoutOtherSpelling(base: TomlTable, overlay: TomlTable): TomlTable {
  const dropped = [...(hasAny(overlay, FILTERS) ? LISTS : []), ...(hasAny(overlay, LISTS) ? FILTERS : [])]
  if (!hasAny(base, dropped)) return base
  const kept = new Map(base)
  for (const key of dropped) kept.delete(key)
  return kept
}

function hasAny(table: TomlTable, keys: readonly string[]): boolean {
  return keys.some((key) => table.has(key))
}
