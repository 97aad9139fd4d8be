import { canonicalJson } from '#layers/fingerprint.ts'
import { createLayer, type ConfigLayer, type Origin } from '#layers/layer.ts'
import { collectOrigins } from '#layers/merge/collected-origins.ts'
import { mergeLayers } from '#layers/merge/merge.ts'
import { sessionTable, type SessionFlag } from '#layers/overrides.ts'
import type { LayerRules } from '#layers/rules.ts'
import { readToml } from '#layers/toml/read.ts'
import type { TomlTable } from '#layers/value.ts'

import type { Vector } from './vectors.ts'

/** The sources of a recorded stack: texts of files, absent when the file was missing, and flags behind the subcommand. */
export interface RecordedSources {
  readonly system?: string
  readonly user?: string
  readonly session?: readonly string[]
  readonly managed?: string
}

/** What was recorded of a stack, as far as it is compared. */
export interface RecordedStack {
  /** Highest first. */
  readonly layers: readonly (Origin & { readonly canonicalJson: string })[]
  readonly origins: Readonly<Record<string, Origin>>
  readonly effectiveCanonicalJson: string
}

export type StackVector = Vector<RecordedSources, RecordedStack>

/** Makes the layers of a recorded stack without any runtime's normalisation; lowest first. */
function recordedLayers(sources: RecordedSources, rules: LayerRules): readonly ConfigLayer[] {
  const { system = '', user = '', session = [], managed } = sources
  const flags = session.map((override): SessionFlag => ({ override }))
  const table = sessionTable({ rootFlags: [], flags }, rules)
  const file = '/etc/codex/managed_config.toml'
  return [
    createLayer({ type: 'system', file: '/etc/codex/config.toml' }, readToml(system)),
    createLayer({ type: 'user', file: '/sandbox/home/config.toml' }, readToml(user)),
    ...(table === null ? [] : [createLayer({ type: 'sessionFlags' }, table)]),
    ...(managed === undefined
      ? []
      : [createLayer({ type: 'legacyManagedConfigTomlFromFile', file }, readToml(managed))]),
  ]
}

/** What is compared of a stack: layers highest first, origins by key, the effective configuration. */
export function observedStack(
  sources: RecordedSources,
  rules: LayerRules,
  normalise: (layer: ConfigLayer) => ConfigLayer = (layer) => layer,
): RecordedStack {
  const layers = recordedLayers(sources, rules).map(normalise)
  const configs = layers.map((layer): TomlTable => layer.config)
  return {
    layers: layers.toReversed().map(({ name, version, config }) => {
      return { name, version, canonicalJson: canonicalJson(config) }
    }),
    origins: withoutPrototype([...collectOrigins(layers, rules)]),
    effectiveCanonicalJson: canonicalJson(mergeLayers(configs, rules)),
  }
}

/** The part of a recorded stack that is compared. */
export function comparedPart({ layers, origins, effectiveCanonicalJson }: RecordedStack): RecordedStack {
  return {
    layers: layers.map((layer) => {
      return { name: layer.name, version: layer.version, canonicalJson: layer.canonicalJson }
    }),
    origins: withoutPrototype(Object.entries(origins)),
    effectiveCanonicalJson,
  }
}

function withoutPrototype(entries: readonly (readonly [string, Origin])[]): Record<string, Origin> {
  const object = Object.create(null) as Record<string, Origin>
  for (const [key, origin] of entries) object[key] = origin
  return object
}
