import { isArray, isTable, type TomlTable, type TomlValue } from '#layers/value.ts'

import { USUAL_DECOR } from './decor.ts'
import { scalarText } from './default-text.ts'
import { emptyTable, newKey, type DocumentItem, type DocumentTable, type DocumentValue } from './document.ts'

/** Order of the keys of a table that an edit brings: as they came, or by the bytes of their names. */
export type NewTableOrder = 'as-given' | 'sorted'

/** Makes what an edit puts into a document, in the usual style: a table with a header, anything else in one line. */
export function newItem(value: TomlValue, order: NewTableOrder): DocumentItem {
  return isTable(value) ? newTable(value, order) : newValue(value, order)
}

/** Makes a table with a header of its own, and one for each table in it. */
export function newTable(table: TomlTable, order: NewTableOrder): DocumentTable {
  const made = emptyTable({ isImplicit: false, isDotted: false })
  for (const [name, value] of inOrder(table, order)) {
    made.entries.set(name, { key: newKey(name), item: newItem(value, order) })
  }
  return made
}

function newValue(value: TomlValue, order: NewTableOrder): DocumentValue {
  if (isArray(value)) {
    const items = value.flatMap((item, index) => [index === 0 ? '[' : ', ', newValue(item, order)])
    return { kind: 'array', parts: [...(items.length === 0 ? ['['] : items), ']'], decor: USUAL_DECOR }
  }
  if (!isTable(value)) return { kind: 'scalar', text: scalarText(value), decor: USUAL_DECOR }
  const entries = inOrder(value, order).map(
    ([name, item]) => [name, { key: newKey(name), item: newValue(item, order) }] as const,
  )
  return {
    kind: 'inline-table',
    entries: new Map(entries),
    isDotted: false,
    trailing: '',
    decor: USUAL_DECOR,
  }
}

function inOrder(table: TomlTable, order: NewTableOrder): readonly (readonly [string, TomlValue])[] {
  const pairs = [...table]
  return order === 'sorted' ? pairs.sort(([one], [other]) => compareBytes(one, other)) : pairs
}

// The bytes of UTF-8 sort as the characters do; units of UTF-16 do not.
function compareBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
