import { LayersError } from './errors.ts'
import { readJson } from './json/read.ts'
import { toTomlValue } from './json/values.ts'
import type { RuntimeProfile } from './runtimes/profile.ts'
import { readToml } from './toml/read.ts'
import { EMPTY_TABLE, isTable, kindOf, type TomlTable } from './value.ts'
import { trimWhiteSpace } from './white-space.ts'

/**
 * Reads the text of a layer in the format of its runtime. A text of nothing but white space is an empty layer, in JSON too.
 *
 * @throws LayersError `configSyntaxError`, `configTooDeep` or `configTypeError`, without a path
 */
export function readLayerText(
  text: string,
  { format, rules }: Pick<RuntimeProfile, 'format' | 'rules'>,
): TomlTable {
  if (format === 'toml') return readToml(text, rules)
  if (trimWhiteSpace(text) === '') return EMPTY_TABLE
  const value = toTomlValue(readJson(text))
  if (isTable(value)) return value
  throw new LayersError('configTypeError', `expected an object, got ${kindOf(value)}`, {
    range: { line: 1, column: 1, endLine: 1, endColumn: 1 },
  })
}
