import {
  emptyTable,
  newKey,
  type DocumentInlineTable,
  type DocumentItem,
  type DocumentTable,
  type Entries,
} from './document.ts'

/**
 * Puts something at a path. Parents that are missing are made, those that are no tables are replaced, inline tables become
 * tables with headers. A key that was there keeps its place, its spelling and the comments above it.
 *
 * @param path at least one key
 */
export function setItem(root: DocumentTable, path: readonly string[], item: DocumentItem): void {
  const [parent, name] = [parentFor(root, path), path.at(-1) ?? '']
  const entry = parent.entries.get(name)
  if (entry === undefined) parent.entries.set(name, { key: newKey(name), item })
  else entry.item = inDecorOf(entry.item, item)
}

/** Puts an empty table in place of a value that stands in the way of a longer path. The key stays. */
export function makeRoom(root: DocumentTable, path: readonly string[]): void {
  const entry = parentFor(root, path).entries.get(path.at(-1) ?? '')
  if (entry !== undefined) entry.item = impliedTable()
}

/** Takes away what is at a path, with the comments above it and beside it. The tables that held it stay. */
export function removeItem(root: DocumentTable, path: readonly string[]): void {
  parentFor(root, path).entries.delete(path.at(-1) ?? '')
}

/** Gives tables that lost all that was in them a header, because nothing else in the text would say that they are there. */
export function showEmptied(table: DocumentTable): void {
  for (const { item } of table.entries.values()) {
    if (item.kind !== 'table') continue
    if (item.entries.size > 0) showEmptied(item)
    else {
      item.isImplicit = false
      item.isDotted = false
    }
  }
}

function parentFor(root: DocumentTable, path: readonly string[]): DocumentTable {
  let current = root
  for (const name of path.slice(0, -1)) {
    const entry = current.entries.get(name) ?? { key: newKey(name), item: impliedTable() }
    const item = entry.item.kind === 'table' ? entry.item : tableInPlaceOf(entry.item)
    entry.item = item
    current.entries.set(name, entry)
    current = item
  }
  return current
}

function impliedTable(): DocumentTable {
  return emptyTable({ isImplicit: true, isDotted: false })
}

function tableInPlaceOf(item: DocumentItem): DocumentTable {
  const table = impliedTable()
  if (item.kind === 'inline-table') fillFromInline(table.entries, item)
  return table
}

/** What stood in braces becomes lines: the values keep the space before them, the keys get the usual form. */
function fillFromInline(entries: Entries<DocumentItem>, inline: DocumentInlineTable): void {
  for (const [name, { item }] of inline.entries) {
    entries.set(name, {
      key: newKey(name),
      item: { ...item, decor: { prefix: item.decor.prefix, suffix: '' } },
    })
  }
}

/** The new item with what stood around the old one, as far as both are of a kind. */
function inDecorOf(old: DocumentItem, item: DocumentItem): DocumentItem {
  if (old.kind === 'array-of-tables' || item.kind === 'array-of-tables') return item
  if (old.kind === 'table' && item.kind === 'table') return inTableDecorOf(old, item)
  if (old.kind === 'table' || item.kind === 'table') return item
  return { ...item, decor: old.decor }
}

function inTableDecorOf(old: DocumentTable, table: DocumentTable): DocumentTable {
  const entries: Entries<DocumentItem> = new Map()
  for (const [name, { key, item }] of table.entries) {
    const before = old.entries.get(name)
    const { leaf, dotted } = before?.key ?? key
    const kept = { ...key, leaf, dotted }
    entries.set(name, { key: kept, item: before === undefined ? item : inDecorOf(before.item, item) })
  }
  return { ...table, entries, decor: old.decor }
}
