import { LayersError } from './errors.ts'
import { placeOfValue } from './fault-place.ts'
import { formatKeyPath } from './key-path.ts'
import type { ConfigLayer } from './layer.ts'
import type { TypeFault } from './runtimes/profile.ts'
import { layerTitle } from './stack/layer-title.ts'
import type { StackView } from './stack/stack-view.ts'
import { sameValue, valueAt } from './value.ts'

/** The text that a layer was read from. */
export interface LayerText {
  readonly path: string
  readonly text: string
}

/**
 * Holds what applies against the schema of the runtime. A value that does not fit and that a higher layer overrides is no
 * fault.
 *
 * @param texts of the layers that were read from a text, so that the fault can be told with its place
 * @throws LayersError `configTypeError`, located in the lowest layer that has the fault
 */
export function checkTypes(stack: StackView, texts: ReadonlyMap<ConfigLayer, LayerText>): void {
  const fault = stack.profile.findTypeFault(stack.effectiveConfig())
  if (fault === null) return
  const layers = stack.layersHighToLow()
  const layer =
    layers.findLast((each) => hasFault(each, fault, stack)) ??
    layers.find((each) => valueAt(each.config, fault.path) !== undefined)
  throw typeError(fault, layer, layer && texts.get(layer))
}

function hasFault({ config }: ConfigLayer, fault: TypeFault, { profile }: StackView): boolean {
  const own = profile.findTypeFault(config)
  return own !== null && sameValue(own.path, fault.path)
}

function typeError(
  fault: TypeFault,
  layer: ConfigLayer | undefined,
  text: LayerText | undefined,
): LayersError {
  const reason = `${formatKeyPath(fault.path)}: ${fault.reason}`
  if (text !== undefined) {
    return new LayersError('configTypeError', reason, {
      path: text.path,
      ...placeOfValue(text.text, fault.path),
    })
  }
  return new LayersError(
    'configTypeError',
    reason,
    layer === undefined ? {} : { path: layerTitle(layer.name) },
  )
}
