import { toJson } from '#layers/json/render.ts'
import type { ConfigLayer, Origin } from '#layers/layer.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'
import type { ConfigView } from '#protocol/config.ts'

import { etagOfBody } from './answer.ts'

type Json = ConfigView['config']

/** Shows a stack: what applies, who supplies it and, when they are asked for, the layers. */
export function viewConfig(stack: ConfigLayerStack, withLayers: boolean): ConfigView {
  const view = { config: toJson(stack.effectiveConfig()) as Json, origins: viewOrigins(stack) }
  return withLayers ? { ...view, layers: stack.allLayers().map(viewLayer) } : view
}

/** The version of all that can be shown of a stack: one tag, however much of it an answer shows. */
export function etagOfConfig(stack: ConfigLayerStack): string {
  return etagOfBody(viewConfig(stack, true))
}

/** Who supplies each setting that applies, by its dotted path. */
export function viewOrigins(stack: ConfigLayerStack): Readonly<Record<string, Origin>> {
  // Without a prototype, because a setting may be called `__proto__`.
  const origins = Object.create(null) as Record<string, Origin>
  for (const [key, { name, version }] of stack.liveOrigins()) origins[key] = { name, version }
  return origins
}

function viewLayer({ name, version, config, disabledReason }: ConfigLayer) {
  const layer = { name, version, config: toJson(config) as Json }
  return disabledReason === undefined ? layer : { ...layer, disabledReason }
}
