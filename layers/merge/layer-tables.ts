import type { ConfigLayer, Origin } from '#layers/layer.ts'
import type { TomlTable } from '#layers/value.ts'

import { renameAliases } from './aliases.ts'
import type { MergeRules } from './merge.ts'

/** A layer's table, at first the whole, and whom its keys come from. */
export interface LayerTable {
  readonly origin: Origin
  readonly table: TomlTable
}

/** The tables of the layers that count, in their order, with every key in its canonical spelling. */
export function enabledTables(
  layers: readonly ConfigLayer[],
  { aliases }: Pick<MergeRules, 'aliases'>,
): readonly LayerTable[] {
  return layers
    .filter((layer) => layer.disabledReason === undefined)
    .map(({ name, version, config }) => ({
      origin: { name, version },
      table: renameAliases(config, aliases),
    }))
}
