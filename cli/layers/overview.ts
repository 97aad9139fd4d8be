import { toJson } from '#layers/json/render.ts'
import type { ConfigLayer } from '#layers/layer.ts'
import type { KeyExplanation } from '#layers/stack/explain.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'

import { type GridColumn, toGrid, wrap } from './grid.ts'
import { fileOf } from './layer-label.ts'
import type { LayerSource } from './layer-source.ts'
import type { Screen } from './screen.ts'
import { keyText, printable } from './value-text.ts'
import { shortVersion } from './version-text.ts'
import { type RequirementRow, requirementRows, toWireOrigins } from './wire.ts'

/** What a layer is doing. */
export type LayerState = 'in use' | 'empty' | 'missing' | 'disabled'

interface LayerRow {
  readonly layer: ConfigLayer
  readonly precedence: number
  readonly state: LayerState
}

/** Shows what applies and who says so, then the layers, then what is required. */
export async function showOverview(
  screen: Screen,
  source: LayerSource,
  stack: ConfigLayerStack,
): Promise<void> {
  const { output } = screen
  const layers = await Promise.all(stack.allLayers().map((layer) => rowOf(layer, source)))
  const requirements = requirementRows(stack.requirements)
  if (output.format === 'json') {
    output.json(toWire(screen, stack, { layers, requirements }))
    return
  }
  const keys = stack.explainAll()
  if (keys.length === 0) output.print(emptySentence(source, layers))
  else for (const line of keyLines(screen, keys)) output.print(line)
  output.print()
  for (const line of layerLines(screen, layers)) output.print(line)
  if (requirements.length > 0) output.print()
  for (const line of requirementLines(screen, requirements)) output.print(line)
  screen.endMasked()
}

async function rowOf(layer: ConfigLayer, { fs, profile }: LayerSource): Promise<LayerRow> {
  const file = fileOf(layer.name)
  const isMissing = file !== null && layer.config.size === 0 && (await fs.kind(file)) === null
  const precedence = profile.rules.precedence[layer.name.type] ?? 0
  if (layer.disabledReason !== undefined) return { layer, precedence, state: 'disabled' }
  if (isMissing) return { layer, precedence, state: 'missing' }
  return { layer, precedence, state: layer.config.size === 0 ? 'empty' : 'in use' }
}

function emptySentence({ profile }: LayerSource, layers: readonly LayerRow[]): string {
  const isNothingThere = layers.every(({ state }) => state === 'missing')
  return isNothingThere
    ? `${profile.runtime} has no settings on this machine yet, so its own defaults apply; begin with: runtimeconfig layers set KEY VALUE`
    : `no layer sets anything, so the defaults of ${profile.runtime} apply`
}

function keyLines(screen: Screen, keys: readonly KeyExplanation[]): readonly string[] {
  const { output, width, labels } = screen
  const columns: readonly GridColumn<KeyExplanation>[] = [
    { heading: 'KEY', cell: ({ path }) => keyText(path), min: 16, keeps: 'end' },
    {
      heading: 'VALUE',
      cell: ({ value, path }) => (value === null ? '' : screen.text(value, path)),
      style: () => 'cyan',
      min: 12,
    },
    { heading: 'LAYER', cell: ({ winner }) => (winner === null ? 'several' : labels.short(winner.name)) },
    {
      heading: 'HIDES',
      cell: ({ hides, path }) =>
        hides
          .map(({ value, origin }) => `${screen.text(value, path)} (${labels.short(origin.name)})`)
          .join(', '),
      style: () => 'gray',
      min: 12,
    },
  ]
  return toGrid(keys, columns, { output, width })
}

const STATE_STYLES = { 'in use': 'green', empty: 'gray', missing: 'gray', disabled: 'gray' } as const

function layerLines(screen: Screen, layers: readonly LayerRow[]): readonly string[] {
  const { output, width, labels } = screen
  const gray = ({ state }: LayerRow): 'gray' | undefined => (state === 'in use' ? undefined : 'gray')
  const columns: readonly GridColumn<LayerRow>[] = [
    { heading: 'LAYER', cell: ({ layer }) => labels.kind(layer.name), style: gray },
    { heading: 'PRECEDENCE', cell: ({ precedence }) => String(precedence), style: gray },
    { heading: 'VERSION', cell: ({ layer }) => shortVersion(layer.version), style: gray },
    { heading: 'STATE', cell: ({ state }) => state, style: ({ state }) => STATE_STYLES[state] },
    { heading: 'FILE', cell: ({ layer }) => labels.place(layer.name), style: gray },
  ]
  const below = ({ layer: { disabledReason } }: LayerRow): readonly string[] => {
    if (disabledReason === undefined) return []
    const lines = wrap(labels.sentence(disabledReason), width === null ? null : width - 2)
    return lines.map((line) => output.style('gray', `  ${line}`))
  }
  return toGrid(layers, columns, { output, width, below })
}

function requirementLines(screen: Screen, rows: readonly RequirementRow[]): readonly string[] {
  if (rows.length === 0) return []
  const { output, width, labels } = screen
  const columns: readonly GridColumn<RequirementRow>[] = [
    { heading: 'REQUIREMENT', cell: ({ key }) => printable(key) },
    { heading: 'ALLOWED', cell: ({ allowed }) => printable(allowed.join(', ')), min: 20 },
    { heading: 'SOURCE', cell: ({ sourceTitle }) => labels.sentence(sourceTitle) },
  ]
  return toGrid(rows, columns, { output, width })
}

function toWire(
  { masking }: Screen,
  stack: ConfigLayerStack,
  {
    layers,
    requirements,
  }: { readonly layers: readonly LayerRow[]; readonly requirements: readonly RequirementRow[] },
): unknown {
  const { runtime, rules } = stack.profile
  return {
    runtime,
    cliVersion: rules.cliVersion,
    notice: rules.notice,
    config: toJson(masking.table(stack.effectiveConfig())),
    origins: toWireOrigins(stack.liveOrigins()),
    layers: layers.map(({ layer: { config, ...layer }, precedence, state }) => ({
      ...layer,
      precedence,
      state: state === 'in use' ? 'inUse' : state,
      config: toJson(masking.table(config)),
    })),
    requirements: requirements.map(({ key, allowed, source }) => ({ key, allowed, source })),
  }
}
