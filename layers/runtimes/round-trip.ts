import { posix } from 'node:path'

import {
  isArray,
  isTable,
  TomlDatetime,
  type TomlScalar,
  type TomlTable,
  type TomlValue,
} from '#layers/value.ts'

import type { Field, ScalarField, TableField, WordsField } from './field.ts'
import { findFault, fits } from './fit.ts'

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
  return findFault(config, root) === null ? new RoundTrip(bases).table(config, root) : config
}

/** One run over a layer that fits. What does not change is shared with it. */
class RoundTrip {
  readonly #bases: PathBases

  constructor(bases: PathBases) {
    this.#bases = bases
  }

  table(table: TomlTable, field: TableField): TomlTable {
    let changed: Map<string, TomlValue> | null = null
    for (const [key, value] of table) {
      const child = field.fields.get(key) ?? field.others
      const after = child === undefined ? value : this.#value(value, child)
      if (after === value) continue
      changed ??= new Map(table)
      changed.set(key, after)
    }
    return changed ?? table
  }

  #value(value: TomlValue, field: Field): TomlValue {
    if (isTable(value)) return this.#tableValue(value, field)
    if (isArray(value)) return this.#list(value, field)
    if (typeof field === 'object') return this.#scalarOf(value, field)
    return this.#scalar(value, field)
  }

  #scalar(value: TomlScalar, field: ScalarField): TomlValue {
    if (typeof value === 'bigint') return field === 'float' || field === 'seconds' ? Number(value) : value
    const text = value instanceof TomlDatetime ? value.text : value
    if (typeof text !== 'string' || field === 'any') return value
    return field === 'path' ? this.#path(text) : text
  }

  #tableValue(value: TomlTable, field: Field): TomlValue {
    if (typeof field === 'string') return value
    if (field.kind === 'table') return this.table(value, field)
    return field.kind === 'either' ? this.#either(value, field.alternatives) : value
  }

  #list(value: readonly TomlValue[], field: Field): TomlValue {
    if (typeof field === 'string') return value
    if (field.kind === 'either') return this.#either(value, field.alternatives)
    if (field.kind !== 'list') return value
    const after = value.map((item) => this.#value(item, field.items))
    return after.every((item, index) => item === value[index]) ? value : after
  }

  #scalarOf(value: TomlValue, field: Exclude<Field, string>): TomlValue {
    if (field.kind === 'words') return currentWord(value, field)
    return field.kind === 'either' ? this.#either(value, field.alternatives) : value
  }

  #either(value: TomlValue, alternatives: readonly Field[]): TomlValue {
    const fitting = alternatives.find((alternative) => fits(value, alternative))
    return fitting === undefined ? value : this.#value(value, fitting)
  }

  /** The absolute path without `.`, `..`, repeated slashes and a slash at the end. */
  #path(text: string): string {
    const { base, home } = this.#bases
    if (text !== '~' && !text.startsWith('~/')) return posix.resolve('/', base, text)
    return home === null ? text : posix.resolve('/', home, text.slice(2))
  }
}

function currentWord(value: TomlValue, field: WordsField): TomlValue {
  return typeof value === 'string' ? (field.becomes.get(value) ?? value) : value
}
