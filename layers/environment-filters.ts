import { asciiLowerCase, tableInForm } from './key-forms.ts'
import { isArray, isTable, type TomlTable, type TomlValue } from './value.ts'

/** The table whose two spellings are turned into each other where layers meet. */
export const POLICY_KEY = 'shell_environment_policy'

/** The newer spelling: a table of patterns, each with what is done with the variables that match. */
export const FILTERS_KEY = 'filters'

/** The older spelling: a list of patterns for each action. */
export const LISTS = [
  { key: 'exclude', opposite: 'include_only', action: 'exclude' },
  { key: 'include_only', opposite: 'exclude', action: 'include' },
] as const

/**
 * Brings a lower layer's policy for environment variables into the spelling of the layer above it, so that the two can be
 * merged key by key: the lists become `filters` under a layer with `filters` alone, and the other way round. A pattern that
 * the upper layer puts into one list leaves the opposite list of the lower layer.
 *
 * @returns the lower table; nothing given is changed
 */
export function matchEnvironmentFilters(base: TomlTable, overlay: TomlTable): TomlTable {
  const hasFilters = overlay.has(FILTERS_KEY)
  const hasLists = LISTS.some(({ key }) => overlay.has(key))
  const matched = new Map(base)
  if (hasFilters && !hasLists) toFilters(matched)
  else if (hasLists && !hasFilters) toLists(matched)
  for (const { key, opposite } of LISTS) {
    const patterns = stringsOf(overlay.get(key))
    if (patterns !== null) removePatterns(matched, opposite, patterns)
  }
  return matched
}

type Policy = Map<string, TomlValue>

function toFilters(policy: Policy): void {
  const given = policy.get(FILTERS_KEY)
  if (given !== undefined && !isTable(given)) return
  const filters = new Map(given === undefined ? [] : tableInForm(given, 'ascii-lower-case'))
  policy.delete(FILTERS_KEY)
  for (const { key, action } of LISTS) {
    const list = policy.get(key)
    if (!isArray(list)) continue
    policy.delete(key)
    for (const pattern of list) {
      if (typeof pattern === 'string') setIfAbsent(filters, asciiLowerCase(pattern), action)
    }
  }
  if (filters.size > 0) policy.set(FILTERS_KEY, filters)
}

function setIfAbsent(filters: Policy, pattern: string, action: string): void {
  if (!filters.has(pattern)) filters.set(pattern, action)
}

function toLists(policy: Policy): void {
  const filters = policy.get(FILTERS_KEY)
  if (!isTable(filters)) return
  policy.delete(FILTERS_KEY)
  const patterns = [...tableInForm(filters, 'ascii-lower-case')]
  for (const { key, opposite, action } of LISTS) {
    const moved = patterns.filter(([, each]) => each === action).map(([pattern]) => pattern)
    removePatterns(policy, opposite, moved)
    addPatterns(policy, key, moved)
  }
}

function addPatterns(policy: Policy, key: string, patterns: readonly string[]): void {
  const items = policy.get(key) ?? []
  if (!isArray(items)) return
  const known = new Set(items.map(patternOf))
  const added = patterns.filter((pattern) => !known.has(pattern))
  if (added.length > 0) policy.set(key, [...items, ...added])
}

function removePatterns(policy: Policy, key: string, patterns: readonly string[]): void {
  const items = stringsOf(policy.get(key))
  if (items === null || patterns.length === 0) return
  const removed = new Set(patterns.map(asciiLowerCase))
  policy.set(
    key,
    items.filter((item) => !removed.has(asciiLowerCase(item))),
  )
}

/** An item of a list in the form in which patterns are compared: without regard to case. Null when it is no string. */
export function patternOf(item: TomlValue): string | null {
  return typeof item === 'string' ? asciiLowerCase(item) : null
}

function stringsOf(value: TomlValue | undefined): readonly string[] | null {
  if (!isArray(value)) return null
  const strings = value.filter((item) => typeof item === 'string')
  return strings.length === value.length ? strings : null
}
