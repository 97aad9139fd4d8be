import { USUAL_DECOR, type Decor } from './decor.ts'
import { keyText } from './default-text.ts'
import type {
  DocumentItem,
  DocumentKey,
  DocumentTable,
  DocumentValue,
  Entries,
  TomlDocument,
} from './document.ts'

/** What stands before and after something whose decor nobody wrote. */
type Usual = readonly [prefix: string, suffix: string]

const IN_LINE: Usual = ['', ' ']
const IN_HEADER: Usual = ['', '']
const IN_BRACES: Usual = [' ', ' ']
const AFTER_EQUALS: Usual = [' ', '']
const BEFORE_BRACE: Usual = [' ', ' ']

/** Puts a document together again: the text it was made of where nothing was edited, with line feeds alone. */
export function renderDocument(document: TomlDocument): string {
  const sections = sectionsOf(document.root).toSorted((one, other) => one.position - other.position)
  let text = ''
  for (const section of sections) text += renderSection(section, text === '')
  return text + document.trailing
}

/** A table with what is rendered in its place: a header, unless it is the root, and its pairs. */
interface Section {
  readonly table: DocumentTable
  readonly path: readonly DocumentKey[]
  readonly isInArray: boolean
  /** A table of an edit has the place of what is before it, and so comes after that. */
  readonly position: number
}

/** The tables of a document in the order of their keys, each before what is below it. */
function sectionsOf(root: DocumentTable): readonly Section[] {
  const sections: Section[] = []
  let position = 0
  const visit = ({ table, path, isInArray }: Visited, from: Bounds): void => {
    position = table.position ?? position
    const own = table.position ?? Math.max(position, from.least)
    if (!table.isDotted) sections.push({ table, path, isInArray, position: own })
    const bounds = boundsBelow(table, table.isDotted ? from : { ...from, owner: own })
    for (const { key, item } of table.entries.values()) {
      const below = { path: [...path, key], isInArray: item.kind === 'array-of-tables' }
      if (item.kind === 'table') visit({ ...below, table: item }, bounds)
      if (item.kind !== 'array-of-tables') continue
      for (const element of item.tables) visit({ ...below, table: element }, bounds)
    }
  }
  visit({ table: root, path: [], isInArray: false }, { owner: 0, least: 0 })
  return sections
}

/** A table on the way through a document. */
type Visited = Omit<Section, 'position'>

/** Where a table of an edit may stand. */
interface Bounds {
  /** Position of the table that the pairs of dotted tables are rendered in. */
  readonly owner: number
  readonly least: number
}

/** A header that implies a table cannot stand before the dotted keys that put something into it: they would be refused. */
function boundsBelow(table: DocumentTable, { owner, least }: Bounds): Bounds {
  const hasPairs = [...table.entries.values()].some(
    ({ item }) => item.kind !== 'table' && item.kind !== 'array-of-tables',
  )
  return { owner, least: table.isDotted && hasPairs ? owner : least }
}

function renderSection({ table, path, isInArray }: Section, isFirst: boolean): string {
  const pairs = pairsOf(table.entries)
  const isHidden = path.length === 0 || (table.isImplicit && pairs.length === 0 && !isInArray)
  let text = isHidden ? '' : renderHeader({ table, path, isInArray }, isFirst)
  for (const pair of pairs) text += `${renderPair(inOneLine(pair), IN_LINE, AFTER_EQUALS)}\n`
  return text
}

function renderHeader({ table, path, isInArray }: Visited, isFirst: boolean): string {
  const [opening, closing] = isInArray ? ['[[', ']]'] : ['[', ']']
  const leaf = unbroken(path.at(-1)?.leaf ?? USUAL_DECOR)
  const above = commentsAbove(leaf)
  const usual = isFirst || above.startsWith('\n') ? '' : '\n'
  const inside = renderPath(path, above === '' ? leaf : { ...leaf, prefix: '' }, IN_HEADER)
  const { prefix, suffix } = table.decor
  return `${prefix ?? usual}${above}${opening}${inside}${closing}${suffix ?? ''}\n`
}

/** A table in place of a value has the key of a pair: the lines above that would break the header, so they go before it. */
function commentsAbove({ prefix }: Decor): string {
  return prefix?.includes('\n') === true ? prefix : ''
}

/**
 * A pair out of braces, where its key, its equals sign and its value may have stood in lines of their own: outside of them it
 * takes one line, and the comments in between go above it.
 */
function inOneLine(pair: Pair): Pair {
  const { path, value } = pair
  const last = path.at(-1)
  if (last === undefined || !(isBroken(last.leaf.suffix) || isBroken(value.decor.prefix))) return pair
  const leaf = unbroken(last.leaf)
  const prefix = (leaf.prefix ?? '') + commentLines(value.decor.prefix)
  return {
    path: [...path.slice(0, -1), { ...last, leaf: { ...leaf, prefix } }],
    value: isBroken(value.decor.prefix) ? { ...value, decor: { ...value.decor, prefix: null } } : value,
  }
}

/** The decor of a key without line ends between it and what comes next. */
function unbroken(leaf: Decor): Decor {
  if (!isBroken(leaf.suffix)) return leaf
  return { prefix: (leaf.prefix ?? '') + commentLines(leaf.suffix), suffix: null }
}

function isBroken(text: string | null): boolean {
  return text?.includes('\n') === true
}

/** The comments of a piece of decor that has line ends, each in a line of its own. */
function commentLines(text: string | null): string {
  if (text === null || !isBroken(text)) return ''
  return (text.match(/#[^\n]*/gu) ?? []).map((comment) => `${comment}\n`).join('')
}

/** A value with the dotted keys that lead to it from the table that it is rendered in. */
interface Pair {
  readonly path: readonly DocumentKey[]
  readonly value: DocumentValue
}

/** The pairs of a table: those of its dotted tables stand where these do. */
function pairsOf(entries: Entries<DocumentItem>): readonly Pair[] {
  const pairs: Pair[] = []
  const visit = (entries: Entries<DocumentItem>, parents: readonly DocumentKey[]): void => {
    for (const { key, item } of entries.values()) {
      const path = [...parents, key]
      if (item.kind === 'array-of-tables') continue
      const isTable = item.kind === 'table' || item.kind === 'inline-table'
      if (isTable && item.isDotted) visit(item.entries, path)
      else if (item.kind !== 'table') pairs.push({ path, value: item })
    }
  }
  visit(entries, [])
  return pairs
}

function renderPath(path: readonly DocumentKey[], leaf: Decor, usual: Usual): string {
  let text = leaf.prefix ?? usual[0]
  path.forEach((key, index) => {
    if (index > 0) text += `.${key.dotted.prefix ?? ''}`
    text += key.text ?? keyText(key.name)
    if (index < path.length - 1) text += key.dotted.suffix ?? ''
  })
  return text + (leaf.suffix ?? usual[1])
}

function renderPair({ path, value }: Pair, inKey: Usual, inValue: Usual): string {
  const leaf = path.at(-1)?.leaf ?? USUAL_DECOR
  return `${renderPath(path, leaf, inKey)}=${renderValue(value, inValue)}`
}

function renderValue(value: DocumentValue, usual: Usual): string {
  const { prefix, suffix } = value.decor
  return `${prefix ?? usual[0]}${renderBare(value)}${suffix ?? usual[1]}`
}

function renderBare(value: DocumentValue): string {
  switch (value.kind) {
    case 'array':
      return value.parts.map((part) => (typeof part === 'string' ? part : renderBare(part))).join('')
    case 'inline-table': {
      const pairs = pairsOf(value.entries)
      const texts = pairs.map((pair, index) =>
        renderPair(pair, IN_BRACES, index === pairs.length - 1 ? BEFORE_BRACE : AFTER_EQUALS),
      )
      return `{${texts.join(',')}${value.trailing}}`
    }
    default:
      return value.text
  }
}
