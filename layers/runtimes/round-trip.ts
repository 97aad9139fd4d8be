import { posix } from 'node:path'

import { isArray, isTable, TomlDatetime, type TomlTable, type TomlValue } from '#layers/value.ts'

import type { EitherField, Field, ListField, ScalarField, TableField } from './field.ts'
import { faultOfKeys, fits, isPlainly } from './fit.ts'

/** What relative paths stand below. */
export interface PathBases {
  /** Folder of the layer. */
  readonly base: string
  /** Folder that `~` stands for; null leaves such a path as it is. */
  readonly home: string | null
}

/**
 * What a CLI makes of a layer by reading it into its own types and writing it out again: floats of integers, absolute
 * paths, today's words, text of dates. Keys that it does not know stay as they are, and so does everything when a single
 * value does not fit.
 */
export function roundTrip(config: TomlTable, root: TableField, bases: PathBases): TomlTable {
  return new RoundTrip(bases).table(config, root) ?? config
}

/** One run over a layer. What does not change is shared with it; null stands for what does not fit, as `findFault` finds it. */
class RoundTrip {
  readonly #bases: PathBases

  constructor(bases: PathBases) {
    this.#bases = bases
  }

  table(table: TomlTable, field: TableField): TomlTable | null {
    let changed: Map<string, TomlValue> | null = null
    for (const [key, value] of table) {
      const child = field.fields.get(key) ?? field.others
      if (isPlainly(value, child)) continue
      const after = child === undefined ? this.#unknown(value, field) : this.#value(value, child)
      if (after === null) return null
      if (after === value) continue
      changed ??= new Map(table)
      changed.set(key, after)
    }
    return faultOfKeys(table, field) === null ? (changed ?? table) : null
  }

  #unknown(value: TomlValue, field: TableField): TomlValue | null {
    return field.isClosed === true ? null : value
  }

  #value(value: TomlValue, field: Field): TomlValue | null {
    if (typeof field === 'string') return fits(value, field) ? this.#scalar(value, field) : null
    switch (field.kind) {
      case 'table':
        return isTable(value) ? this.table(value, field) : null
      case 'list':
        return isArray(value) ? this.#list(value, field) : null
      case 'either':
        return this.#either(value, field)
      default:
        return fits(value, field) ? currentWord(value, field) : null
    }
  }

  #scalar(value: TomlValue, field: ScalarField): TomlValue {
    if (typeof value === 'bigint') return field === 'float' || field === 'seconds' ? Number(value) : value
    const text = value instanceof TomlDatetime ? value.text : value
    if (typeof text !== 'string' || field === 'any') return value
    return field === 'path' ? this.#path(text) : text
  }

  #list(value: readonly TomlValue[], { items }: ListField): readonly TomlValue[] | null {
    let changed: TomlValue[] | null = null
    let index = 0
    for (const item of value) {
      const after = isPlainly(item, items) ? item : this.#value(item, items)
      if (after === null) return null
      if (after !== item) {
        changed ??= [...value]
        changed[index] = after
      }
      index += 1
    }
    return changed ?? value
  }

  /** As the first alternative that fits. */
  #either(value: TomlValue, { alternatives }: EitherField): TomlValue | null {
    for (const alternative of alternatives) {
      const after = this.#value(value, alternative)
      if (after !== null) return after
    }
    return null
  }

  /** The absolute path without `.`, `..`, repeated slashes and a slash at the end. */
  #path(text: string): string {
    const { base, home } = this.#bases
    if (text !== '~' && !text.startsWith('~/')) return posix.resolve('/', base, text)
    return home === null ? text : posix.resolve('/', home, text.slice(2))
  }
}

function currentWord(value: TomlValue, field: Exclude<Field, string>): TomlValue {
  return field.kind === 'words' && typeof value === 'string' ? (field.becomes.get(value) ?? value) : value
}
