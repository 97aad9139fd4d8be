import { LayersError } from './errors.ts'
import type { LayerRules } from './rules.ts'
import { readToml } from './toml/read.ts'
import { isTable, type TomlTable, type TomlValue } from './value.ts'
import { trimWhiteSpace } from './white-space.ts'

/** A dotted path and the value that is put there. */
export interface Override {
  /** At least one segment; segments may be empty. */
  readonly path: readonly string[]
  readonly value: TomlValue
}

/** A flag of a session: `-c key=value`, `--enable feature` or `--disable feature`. */
export type SessionFlag =
  | { readonly override: string }
  | { readonly enable: string }
  | { readonly disable: string }

/** The flags of a command line, apart by where they stand. */
export interface SessionFlags {
  /** Before the subcommand. */
  readonly rootFlags: readonly SessionFlag[]
  /** After the subcommand. */
  readonly flags: readonly SessionFlag[]
}

/**
 * The table of the layer that flags make, or null where there are none and so no layer.
 *
 * Overrides come first, then what is enabled, then what is disabled, wherever they stand: `--disable` beats `--enable`, and
 * both beat `-c`. Overrides before the subcommand are joined with those behind it, or do not count beside them, as the
 * release has it.
 *
 * @throws LayersError `overrideInvalid`
 */
export function sessionTable(
  { rootFlags, flags }: SessionFlags,
  rules: Pick<LayerRules, 'rootFlags'>,
): TomlTable | null {
  const all = [...rootFlags, ...flags]
  if (all.length === 0) return null
  const dropsRoot = rules.rootFlags === 'dropped' && overridesOf(flags).length > 0
  return tableOf([
    ...overridesOf(dropsRoot ? flags : all).map(parseOverride),
    ...all.flatMap((flag) => ('enable' in flag ? [featureOverride(flag.enable, true)] : [])),
    ...all.flatMap((flag) => ('disable' in flag ? [featureOverride(flag.disable, false)] : [])),
  ])
}

function overridesOf(flags: readonly SessionFlag[]): readonly string[] {
  return flags.flatMap((flag) => ('override' in flag ? [flag.override] : []))
}

/**
 * Applies overrides in their order to an empty table: what stands in the way of a path is replaced by a table, the last
 * segment replaces whatever is there.
 *
 * @throws LayersError `overrideInvalid`
 */
export function applyOverrides(texts: readonly string[]): TomlTable {
  return tableOf(texts.map(parseOverride))
}

// The flag is older than the table that its setting moved to.
const LEGACY_LANDLOCK = 'use_legacy_landlock'

/**
 * Takes `key=value` apart at the first equals sign.
 *
 * The path is split at every dot, quotes and spaces inside it are part of it. The value is TOML; what is no TOML is text,
 * without the quotes around it.
 *
 * @throws LayersError `overrideInvalid` without an equals sign or without a key
 */
export function parseOverride(text: string): Override {
  const equals = text.indexOf('=')
  if (equals === -1) throw invalid('expected key=value for an override, got no equals sign')
  const key = trimWhiteSpace(text.slice(0, equals))
  if (key === '') throw invalid('expected a key before the equals sign of an override, got none')
  const value = parseValue(trimWhiteSpace(text.slice(equals + 1)))
  return { path: key === LEGACY_LANDLOCK ? ['features', key] : key.split('.'), value }
}

function invalid(reason: string): LayersError {
  return new LayersError('overrideInvalid', reason)
}

const KEY = '_x_'

/** The text is read as part of a document, so that what follows the value on further lines is read and left out. */
function parseValue(text: string): TomlValue {
  try {
    const value = readToml(`${KEY} = ${text}`).get(KEY)
    if (value !== undefined) return value
  } catch (error) {
    if (!(error instanceof LayersError)) throw error
  }
  return withoutQuotes(text)
}

function withoutQuotes(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isQuote(text[start])) start += 1
  while (end > start && isQuote(text[end - 1])) end -= 1
  return text.slice(start, end)
}

function isQuote(character: string | undefined): boolean {
  return character === '"' || character === "'"
}

function featureOverride(feature: string, value: boolean): Override {
  return { path: ['features', ...feature.split('.')], value }
}

/** The table that overrides make, in their order: see {@link applyOverrides}. */
export function overridesTable(overrides: readonly Override[]): TomlTable {
  return tableOf(overrides)
}

/** Tables that overrides made here are changed in place, so that many flags take time in proportion to their number. */
function tableOf(overrides: readonly Override[]): TomlTable {
  const root: Draft = new Map()
  const drafts = new Map<TomlValue, Draft>()
  for (const { path, value } of overrides) {
    let table = root
    for (const segment of path.slice(0, -1)) table = draftBelow({ table, segment, drafts })
    table.set(path.at(-1) ?? '', value)
  }
  return root
}

type Draft = Map<string, TomlValue>

interface Step {
  readonly table: Draft
  readonly segment: string
  /** The tables that may be changed in place, by themselves: a value that was parsed is copied first. */
  readonly drafts: Map<TomlValue, Draft>
}

function draftBelow({ table, segment, drafts }: Step): Draft {
  const found = table.get(segment)
  const known = found === undefined ? undefined : drafts.get(found)
  if (known !== undefined) return known
  const draft: Draft = new Map(isTable(found) ? found : [])
  drafts.set(draft, draft)
  table.set(segment, draft)
  return draft
}
