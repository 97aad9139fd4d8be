import { toJson } from '#layers/json/render.ts'
import type { HiddenValue, KeyExplanation } from '#layers/stack/explain.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'

import type { Screen } from './screen.ts'
import { keyText } from './value-text.ts'

/** Explains one key, or every key below a table: what applies, why, what it hides in its order, and what is disabled. */
export function showKey(screen: Screen, stack: ConfigLayerStack, key: string): void {
  const leaves = stack.explainAll(key)
  const items = leaves.length === 0 ? [stack.explain(key)] : leaves
  screen.output.json({ key, items: items.map((item) => toWire(screen, item)) })
  for (const item of items) printItem(screen, item)
  screen.endMasked()
}

function printItem(screen: Screen, { path, value, why, hides, disabled }: KeyExplanation): void {
  const { output, labels } = screen
  const name = output.style('bold', keyText(path))
  if (value === null) output.print(name)
  else output.print(`${name} = ${output.style('cyan', screen.text(value, path))}`)
  output.print(`  ${labels.sentence(why)}`)
  const told = ({ value, origin }: HiddenValue): string =>
    `${screen.text(value, path)} of ${labels.long(origin.name)}`
  for (const each of hides) output.print(output.style('gray', `  hides ${told(each)}`))
  for (const each of disabled) {
    output.print(output.style('gray', `  disabled: ${told(each)}: ${labels.sentence(each.reason)}`))
  }
}

function toWire({ masking }: Screen, item: KeyExplanation): unknown {
  const { path, key, value, winner, hides, disabled, why } = item
  const hidden = ({ value, ...rest }: HiddenValue): unknown => ({
    ...rest,
    value: toJson(masking.of(value, path)),
  })
  return {
    key,
    path,
    value: value === null ? null : toJson(masking.of(value, path)),
    winner,
    hides: hides.map(hidden),
    disabled: disabled.map(hidden),
    why,
  }
}
