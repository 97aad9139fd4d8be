import { blank } from './decor.ts'
import {
  emptyTable,
  type DocumentItem,
  type DocumentKey,
  type DocumentTable,
  type Entries,
  type TomlDocument,
} from './document.ts'
import { openPath } from './open-path.ts'
import { openValue } from './open-value.ts'
import type { PairNode, SectionNode, TomlSyntax } from './syntax.ts'

/**
 * Makes an editable document of a text that was taken apart.
 *
 * The text must have a meaning: what it says twice has been refused by `toTable` before. A byte-order mark and the carriage
 * returns outside of strings are not in the document.
 */
export function openDocument(syntax: TomlSyntax): TomlDocument {
  return new DocumentBuilder(syntax).build()
}

/** Goes through the text once, from its first line to its last. */
class DocumentBuilder {
  readonly #syntax: TomlSyntax
  readonly #text: string
  readonly #root = emptyTable({ isImplicit: false, isDotted: false })
  /** Where the decor of what comes next begins: after the line end of what came before. */
  #seen: number
  #headers = 0

  constructor(syntax: TomlSyntax) {
    this.#syntax = syntax
    this.#text = syntax.text
    this.#seen = this.#text.startsWith('\u{FEFF}') ? 1 : 0
  }

  build(): TomlDocument {
    this.#addPairs(this.#root, this.#syntax.pairs)
    for (const section of this.#syntax.sections) this.#addSection(section)
    return { root: this.#root, trailing: blank(this.#text, this.#seen, this.#text.length) }
  }

  #addPairs(table: DocumentTable, pairs: readonly PairNode[]): void {
    for (const pair of pairs) this.#addPair(table, pair)
  }

  #addPair(table: DocumentTable, { path, value, start, end }: PairNode): void {
    const lastKey = path.at(-1) ?? { end: start }
    const equals = this.#text.indexOf('=', lastKey.end)
    const leaf = { prefix: this.#blank(this.#seen, start), suffix: this.#blank(lastKey.end, equals) }
    const decor = { prefix: this.#blank(equals + 1, value.start), suffix: this.#restOfLine(end) }
    const { parents, last } = openPath(this.#text, path, leaf)
    const parent = parents.reduce((current, key) => dottedTable(current, key), table)
    parent.entries.set(last.name, { key: last, item: openValue(this.#text, value, decor) })
  }

  #addSection({ kind, path, start, end, pairs }: SectionNode): void {
    const brackets = kind === 'table' ? 1 : 2
    const [first, lastKey] = [path[0] ?? { start }, path.at(-1) ?? { end }]
    const prefix = this.#blank(this.#seen, start)
    const decor = { prefix, suffix: this.#restOfLine(end) }
    const leaf = {
      prefix: this.#blank(start + brackets, first.start),
      suffix: this.#blank(lastKey.end, end - brackets),
    }
    const { parents, last } = openPath(this.#text, path, leaf)
    const parent = parents.reduce((current, key) => tableBelow(current, key), this.#root)
    const table =
      kind === 'table' ? takeTable(parent, last) : emptyTable({ isImplicit: false, isDotted: false })
    this.#headers += 1
    Object.assign(table, { decor, position: this.#headers, isImplicit: false, isDotted: false })
    this.#addPairs(table, pairs)
    if (kind === 'table') parent.entries.set(last.name, { key: last, item: table })
    else appendTable(parent.entries, last, table)
  }

  #blank(start: number, end: number): string {
    return blank(this.#text, start, end)
  }

  /** What stands after a value or a header in its line. The line end belongs to neither. */
  #restOfLine(start: number): string {
    const lineEnd = this.#text.indexOf('\n', start)
    const end = lineEnd === -1 ? this.#text.length : lineEnd
    this.#seen = lineEnd === -1 ? end : end + 1
    return this.#blank(start, end)
  }
}

/** The table that a dotted key passes through. One that headers implied stays theirs, and so gets a header when rendered. */
function dottedTable(parent: DocumentTable, key: DocumentKey): DocumentTable {
  const item = parent.entries.get(key.name)?.item
  if (item?.kind !== 'table') return addTable(parent, key, emptyTable({ isImplicit: true, isDotted: true }))
  return item
}

/** The table that a header passes through: of an array of tables the last one. */
function tableBelow(parent: DocumentTable, key: DocumentKey): DocumentTable {
  const item = parent.entries.get(key.name)?.item
  if (item?.kind === 'table') return item
  const last = item?.kind === 'array-of-tables' ? item.tables.at(-1) : undefined
  return last ?? addTable(parent, key, emptyTable({ isImplicit: true, isDotted: false }))
}

function addTable(parent: DocumentTable, key: DocumentKey, table: DocumentTable): DocumentTable {
  parent.entries.set(key.name, { key, item: table })
  return table
}

/** A header takes over the table that longer headers above it implied: it is then rendered after its siblings. */
function takeTable(parent: DocumentTable, key: DocumentKey): DocumentTable {
  const item = parent.entries.get(key.name)?.item
  parent.entries.delete(key.name)
  return item?.kind === 'table' ? item : emptyTable({ isImplicit: false, isDotted: false })
}

function appendTable(entries: Entries<DocumentItem>, key: DocumentKey, table: DocumentTable): void {
  const item = entries.get(key.name)?.item
  if (item?.kind === 'array-of-tables') item.tables.push(table)
  else entries.set(key.name, { key, item: { kind: 'array-of-tables', tables: [table] } })
}
