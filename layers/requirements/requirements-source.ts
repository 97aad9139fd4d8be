import type { LayerRules } from '#layers/rules.ts'
import type { TomlTable } from '#layers/value.ts'

/** Who sets a requirement, spelled like the names of layers. */
export type RequirementsSourceName =
  | { readonly type: 'managedPreferences'; readonly domain: string; readonly key: string }
  | { readonly type: 'cloud'; readonly name: string }
  | { readonly type: 'system'; readonly file: string }
  | { readonly type: 'legacyManagedPreferences'; readonly domain: string; readonly key: string }
  | { readonly type: 'legacyManagedFile'; readonly file: string }
  /** A ManagedRuntimeConfig of the server: stronger than every source of the CLI. */
  | { readonly type: 'managedRuntimeConfig'; readonly name: string }

/** What one source requires, as it was read. */
export interface RequirementsLayer {
  readonly source: RequirementsSourceName
  readonly table: TomlTable
  /** The text it was read from, so that a fault can be told with its place. */
  readonly text?: string
}

/** What a source is called in a sentence: its path, or its name. */
export function requirementsTitle(source: RequirementsSourceName): string {
  switch (source.type) {
    case 'system':
    case 'legacyManagedFile':
      return source.file
    case 'cloud':
      return `cloud requirements ${source.name}`
    case 'managedRuntimeConfig':
      return `ManagedRuntimeConfig ${source.name}`
    default:
      return `managed preferences ${source.domain} ${source.key}`
  }
}

/**
 * Sorts sources for composing them, strongest first. Of two sources of one kind the later one is stronger, like of layers
 * with the same precedence.
 */
export function strongestFirst(
  layers: readonly RequirementsLayer[],
  rules: LayerRules['requirements'],
): readonly RequirementsLayer[] {
  return layers.toReversed().sort((one, other) => rank(one, rules) - rank(other, rules))
}

function rank({ source }: RequirementsLayer, rules: LayerRules['requirements']): number {
  return source.type === 'managedRuntimeConfig' ? -1 : rules.sources.indexOf(source.type)
}
