import type { Style } from '#cli/output.ts'
import type { LintRule } from '#layers/stack/lint.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'

import type { Screen } from './screen.ts'
import { printable } from './value-text.ts'

const STYLES: Readonly<Record<LintRule, Style>> = {
  required: 'red',
  'wrong-type': 'red',
  secret: 'red',
  shadowed: 'yellow',
  'legacy-spelling': 'yellow',
  'unknown-key': 'yellow',
}

/**
 * Shows what a person should know about the layers.
 *
 * @returns whether there is anything
 */
export function showLint({ output, labels }: Screen, stack: ConfigLayerStack): boolean {
  const findings = stack.lint()
  output.json({ findings })
  if (findings.length === 0) output.print('nothing to say against these layers')
  for (const { rule, key, layer, message } of findings) {
    const mark = output.style(STYLES[rule], rule.padEnd(15))
    output.print(`${mark}  ${printable(key)} in ${labels.long(layer)}: ${labels.sentence(message)}`)
  }
  return findings.length > 0
}
