import * as fc from 'fast-check'

import { createLayer, type LayerName } from '#layers/layer.ts'
import { plainProfile } from '#layers/runtimes/plain.ts'
import { ConfigLayerStack } from '#layers/stack/stack.ts'
import { TomlDatetime, type TomlTable, type TomlValue } from '#layers/value.ts'

/** Few keys, so that layers meet; among them what trips up objects, paths and sorting. */
export const KEYS = ['a', 'b', 'c', 'a.b', '', '__proto__', '10', 'é', '"', 'x y'] as const

/** Any value that a config can hold. */
export function anyValue(): fc.Arbitrary<TomlValue> {
  return fc.letrec<{ value: TomlValue; table: TomlTable }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom<TomlValue>('', 'text', 'two\nlines', 0n, 1n, -(2n ** 63n), 1.5, 1, -0, true, false),
      fc.constant(new TomlDatetime('1979-05-27T07:32:00Z')),
      fc.array(tie('value'), { maxLength: 3 }),
      tie('table'),
    ),
    table: fc
      .array(fc.tuple(fc.constantFrom(...KEYS), tie('value')), { maxLength: 4 })
      .map((entries) => new Map(entries)),
  })).value
}

/** Any table, such as the config of a layer. */
export function anyTable(): fc.Arbitrary<TomlTable> {
  return fc
    .array(fc.tuple(fc.constantFrom(...KEYS), anyValue()), { maxLength: 4 })
    .map((entries) => new Map(entries))
}

const NAMES: readonly LayerName[] = [
  { type: 'user', file: '/home/config.toml' },
  { type: 'projectFile', file: '/project/config.toml' },
  { type: 'sessionFlags' },
  { type: 'managedFile', file: '/etc/config.toml' },
]

/** Any stack of a runtime that nobody knows, with all its layers. */
export function anyStack(): fc.Arbitrary<ConfigLayerStack> {
  return fc
    .tuple(...NAMES.map((name) => anyTable().map((config) => createLayer(name, config))))
    .map((layers) => ConfigLayerStack.of({ layers, profile: plainProfile('other', 'toml') }))
}
