import { LayersError } from '#layers/errors.ts'
import { isTable, sameOrAbsent, sameValue, valueAt, type TomlTable } from '#layers/value.ts'

import { MAX_DEPTH } from './cursor.ts'
import { makeRoom, removeItem, setItem, showEmptied } from './edit-document.ts'
import { editValue, type TomlEdit } from './edit-value.ts'
import { newItem, type NewTableOrder } from './new-item.ts'
import { openDocument } from './open-document.ts'
import { parseTomlSyntax } from './parse.ts'
import { renderDocument } from './render-document.ts'
import { toTable } from './table.ts'

const UNREADABLE = 'expected settings that read back as they were set'

/** How edits are rendered. */
export interface TomlEditOptions {
  readonly newTableOrder: NewTableOrder
}

/**
 * Changes what a TOML text says and nothing else in it.
 *
 * Comments, spacing and spelling stay where an edit is not about them, byte for byte as the CLI leaves them: line ends become
 * line feeds, pairs of dotted keys move together. What comes out always has the meaning of the edited table. Edits that change
 * no value give the very same text. The edits have been checked: whatever is in the way of a path is replaced.
 *
 * @throws LayersError `configSyntaxError`, `configTooDeep` when the text is no TOML; `configValidationError` when the edited
 *   one could not be read again, or not as what was asked for
 */
export function editToml(text: string, edits: readonly TomlEdit[], options: TomlEditOptions): string {
  const syntax = parseTomlSyntax(text)
  let table = toTable(syntax)
  const document = openDocument(syntax)
  let isChanged = false
  for (const edit of edits) {
    const { path } = edit
    const before = table
    table = editValue(before, edit)
    const value = valueAt(table, path)
    if (sameOrAbsent(valueAt(before, path), value)) continue
    isChanged = true
    if (value === undefined) removeItem(document.root, path)
    else {
      const inTheWay = valueInTheWay(before, path)
      if (inTheWay !== null) makeRoom(document.root, inTheWay)
      setItem(document.root, path, newItem(value, options.newTableOrder))
    }
  }
  if (!isChanged) return text
  showEmptied(document.root)
  const edited = renderDocument(document)
  // A table with the one key that stands for a date would be one.
  if (!sameValue(readAgain(edited), table)) throw new LayersError('configValidationError', UNREADABLE)
  return edited
}

/** A file that cannot be read again locks its owner out of every other setting in it. */
function readAgain(edited: string): TomlTable {
  try {
    return toTable(parseTomlSyntax(edited))
  } catch (cause) {
    if (!(cause instanceof LayersError)) throw cause
    const reason =
      cause.code === 'configTooDeep'
        ? `expected tables and arrays at most ${String(MAX_DEPTH)} levels deep, got more`
        : `${UNREADABLE}: ${cause.reason}`
    throw new LayersError('configValidationError', reason, { cause })
  }
}

/**
 * The path of the value that a longer path cannot pass, or null. The text alone does not say which that is: a table with the
 * one key of a date is a date.
 */
function valueInTheWay(table: TomlTable, path: readonly string[]): readonly string[] | null {
  for (let length = 1; length < path.length; length += 1) {
    const parent = path.slice(0, length)
    const value = valueAt(table, parent)
    if (value === undefined) return null
    if (!isTable(value)) return parent
  }
  return null
}
