import { LayersError } from '#layers/errors.ts'
import { sameValue, valueAt, type TomlValue } from '#layers/value.ts'

import { MAX_DEPTH } from './cursor.ts'
import { removeItem, setItem, showEmptied } from './edit-document.ts'
import { editValue, type TomlEdit } from './edit-value.ts'
import { newItem, type NewTableOrder } from './new-item.ts'
import { openDocument } from './open-document.ts'
import { parseTomlSyntax } from './parse.ts'
import { renderDocument } from './render-document.ts'
import { toTable } from './table.ts'

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
 *   one would nest deeper than can be read
 */
export function editToml(text: string, edits: readonly TomlEdit[], options: TomlEditOptions): string {
  const syntax = parseTomlSyntax(text)
  let table = toTable(syntax)
  const document = openDocument(syntax)
  let isChanged = false
  for (const edit of edits) {
    const old = valueAt(table, edit.path)
    table = editValue(table, edit)
    const value = valueAt(table, edit.path)
    if (isSame(old, value)) continue
    isChanged = true
    if (value === undefined) removeItem(document.root, edit.path)
    else setItem(document.root, edit.path, newItem(value, options.newTableOrder))
  }
  if (!isChanged) return text
  showEmptied(document.root)
  const edited = renderDocument(document)
  refuseTooDeep(edited)
  return edited
}

/** A file that cannot be read again locks its owner out of every other setting in it. */
function refuseTooDeep(edited: string): void {
  try {
    toTable(parseTomlSyntax(edited))
  } catch (cause) {
    if (!(cause instanceof LayersError) || cause.code !== 'configTooDeep') throw cause
    const reason = `expected tables and arrays at most ${String(MAX_DEPTH)} levels deep, got more`
    throw new LayersError('configValidationError', reason, { cause })
  }
}

function isSame(one: TomlValue | undefined, other: TomlValue | undefined): boolean {
  return one === undefined || other === undefined ? one === other : sameValue(one, other)
}
