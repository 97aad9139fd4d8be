import type { Origin } from '#layers/layer.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'

import { toGrid } from './grid.ts'
import type { Screen } from './screen.ts'
import { printable } from './value-text.ts'
import { shortVersion } from './version-text.ts'
import { toWireOrigins } from './wire.ts'

/** Shows which layer each key comes from, exactly as the CLI's own API answers: items of arrays one by one, nothing quoted. */
export function showOrigins({ output, width, labels }: Screen, stack: ConfigLayerStack): void {
  const origins = stack.origins()
  output.json({ origins: toWireOrigins(origins) })
  if (origins.size === 0) {
    output.print('no layer sets anything')
    return
  }
  const lines = toGrid(
    [...origins],
    [
      { heading: 'KEY', cell: ([key]: readonly [string, Origin]) => printable(key), min: 16, keeps: 'end' },
      { heading: 'VERSION', cell: ([, { version }]) => shortVersion(version) },
      { heading: 'LAYER', cell: ([, { name }]) => labels.long(name) },
    ],
    { output, width },
  )
  for (const line of lines) output.print(line)
}
