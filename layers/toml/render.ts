import type { TomlTable } from '#layers/value.ts'

import { newTable } from './new-item.ts'
import { renderDocument } from './render-document.ts'

/**
 * A whole table as a TOML document, in the style in which edits write what is new: a header for every table, arrays and what
 * is in them in one line. Keys keep their order, but pairs come before headers. Empty for an empty table.
 */
export function renderToml(table: TomlTable): string {
  return renderDocument({ root: newTable(table, 'as-given'), trailing: '' })
}
