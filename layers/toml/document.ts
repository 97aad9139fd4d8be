import type { Decor } from './decor.ts'

/** A key in a document. Two keys with the same `name` are one key. */
export interface DocumentKey {
  readonly name: string
  /** As it was written, quotes included; null for a key of an edit, which gets the usual spelling. */
  readonly text: string | null
  /**
   * Around the whole dotted path of which this key is the last: comments above a pair, the space before its equals sign,
   * the space inside the brackets of a header.
   */
  readonly leaf: Decor
  /** Around this key among the dots of a longer path. */
  readonly dotted: Decor
}

/** A key with what it stands for. The key stays when an edit puts something else in its place. */
export interface Entry<Item> {
  readonly key: DocumentKey
  item: Item
}

/** What is below a table, in the order in which it is rendered: not always the order of the text. */
export type Entries<Item> = Map<string, Entry<Item>>

/** A value that holds no other, as it was or is to be written. */
export interface DocumentScalar {
  readonly kind: 'scalar'
  readonly text: string
  readonly decor: Decor
}

/** An array. What stands between its items, commas and comments included, is text: nothing edits inside an array. */
export interface DocumentArray {
  readonly kind: 'array'
  readonly parts: readonly (string | DocumentValue)[]
  readonly decor: Decor
}

/** `{ a = 1 }`, or the inner table of the pairs `a.b = 1` in one: such a dotted table has no braces of its own. */
export interface DocumentInlineTable {
  readonly kind: 'inline-table'
  readonly entries: Entries<DocumentValue>
  readonly isDotted: boolean
  /** What stands before the closing brace, with the comma before it if there is one. */
  readonly trailing: string
  readonly decor: Decor
}

/** What stands right of an equals sign. */
export type DocumentValue = DocumentScalar | DocumentArray | DocumentInlineTable

/** A table that is no value: one with a header, one that headers or dotted keys only pass through, or the root. */
export interface DocumentTable {
  readonly kind: 'table'
  readonly entries: Entries<DocumentItem>
  /** Around the header: the comment lines above it, the comment after it. */
  decor: Decor
  /** Only headers of tables below it name it. It gets a header of its own as soon as it has pairs. */
  isImplicit: boolean
  /** Only dotted keys name it: its pairs are rendered where the table above it has its own. */
  isDotted: boolean
  /** Its place among the headers of the text, from 1. Null for a table of an edit, which follows what is before it. */
  position: number | null
}

/** `[[a]]` as often as there are tables in it. Never empty. */
export interface DocumentTables {
  readonly kind: 'array-of-tables'
  readonly tables: DocumentTable[]
}

/** What a key of a table stands for. */
export type DocumentItem = DocumentValue | DocumentTable | DocumentTables

/** A text as something that can be edited and rendered again, with everything in it that means nothing as well. */
export interface TomlDocument {
  readonly root: DocumentTable
  /** The comments and blank lines after the last pair and the last header. */
  readonly trailing: string
}

/** Makes a table that has nothing of the text: no header decor and no place of its own. */
export function emptyTable(shape: {
  readonly isImplicit: boolean
  readonly isDotted: boolean
}): DocumentTable {
  return {
    kind: 'table',
    entries: new Map(),
    decor: { prefix: null, suffix: null },
    position: null,
    ...shape,
  }
}

/** Makes a key that an edit brings. */
export function newKey(name: string): DocumentKey {
  const usual = { prefix: null, suffix: null }
  return { name, text: null, leaf: usual, dotted: usual }
}
