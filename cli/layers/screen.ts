import type { ConfigLayerStack } from '#layers/stack/stack.ts'
import type { TomlValue } from '#layers/value.ts'

import { LayerLabels } from './layer-label.ts'
import type { LayerSource } from './layer-source.ts'
import type { LayersContext } from './layers-context.ts'
import { MASK, Masking } from './masking.ts'
import { valueText } from './value-text.ts'

/** What every answer needs to be shown. */
export interface Screen extends LayersContext {
  readonly labels: LayerLabels
  readonly masking: Masking
  /** A value in one line, without its secrets. */
  text(value: TomlValue, path: readonly string[]): string
  /** Prints below an answer what was masked, if anything was. */
  endMasked(): void
}

/** Makes the screen for the layers that were loaded, and says there if the release of the CLI is not known. */
export function createScreen(context: LayersContext, source: LayerSource, stack: ConfigLayerStack): Screen {
  const masking = new Masking(source.profile, context.showsSecrets)
  const { output } = context
  const { notice } = source.profile.rules
  if (notice !== null && output.format === 'text') output.note(`note: ${notice}`)
  return {
    ...context,
    masking,
    labels: new LayerLabels(
      stack.allLayers().map(({ name }) => name),
      source.home,
    ),
    text: (value, path) => valueText(masking.of(value, path)).replaceAll(`"${MASK}"`, MASK),
    endMasked() {
      if (masking.hasMasked) output.print(output.style('gray', '\n•••• is a secret; --show-secrets shows it'))
    },
  }
}
