import { DATETIME_KEY, isArray, isTable, kindOf, type TomlTable, type TomlValue } from '#layers/value.ts'

import { replaceDatetimeTables } from './datetime-tables.ts'
import { syntaxError } from './faults.ts'
import type {
  InlineTableNode,
  KeyNode,
  PairNode,
  SectionNode,
  Span,
  TomlSyntax,
  ValueNode,
} from './syntax.ts'

/**
 * How deep the tables of a text may be altogether. Headers, dotted keys and values are bounded each on its own, but they
 * multiply, and everything that walks a table recurses as deep as it is.
 */
const MAX_TABLE_DEPTH = 400

/** A table while it is being read. The rest of the product sees it as it is, read only. */
type OpenTable = Map<string, TomlValue>

/** How a table came about, which decides what may still be added to it. One without an origin is finished. */
interface TableOrigin {
  /** Only mentioned so far, on the way to another one. */
  isImplicit: boolean
  /** Made or used by a dotted key: no header may open it any more. */
  isDotted: boolean
  readonly depth: number
}

/**
 * The meaning of a text: tables put together of headers, dotted keys and inline tables, keys in the order of the text.
 *
 * @throws LayersError `configSyntaxError` at the key that is given twice or that adds to something finished, `configTooDeep`
 */
export function toTable(syntax: TomlSyntax): TomlTable {
  return new TableBuilder(syntax).build()
}

class TableBuilder {
  readonly #syntax: TomlSyntax
  readonly #root: OpenTable = new Map()
  readonly #origins = new Map<TomlValue, TableOrigin>()
  /** The arrays that were made by `[[headers]]` and may grow. */
  readonly #growing = new Set<TomlValue>()
  #hasDatetimeKey = false

  constructor(syntax: TomlSyntax) {
    this.#syntax = syntax
    this.#origins.set(this.#root, { isImplicit: false, isDotted: false, depth: 0 })
  }

  build(): TomlTable {
    this.#addPairs(this.#root, this.#syntax.pairs)
    for (const section of this.#syntax.sections) {
      if (section.kind === 'table') this.#addPairs(this.#openTable(section), section.pairs)
      else this.#addItem(section)
    }
    return this.#hasDatetimeKey ? replaceDatetimeTables(this.#syntax, this.#root) : this.#root
  }

  #addPairs(table: OpenTable, pairs: readonly PairNode[]): void {
    const depth = this.#depthOf(table)
    for (const { path, value } of pairs) {
      const read = this.#valueOf(value, depth + path.length)
      this.#set(path.length === 1 ? table : this.#descendDotted(table, path), lastOf(path), read)
    }
  }

  #descendDotted(table: OpenTable, path: readonly KeyNode[]): OpenTable {
    const parent = this.#descend(table, path, true)
    // What headers opened or implied is theirs: dotted keys may pass through the latter, but put nothing into it.
    if (this.#origins.get(parent)?.isDotted !== true) this.#failTwice(lastOf(path))
    return parent
  }

  #set(table: OpenTable, key: KeyNode, value: TomlValue): void {
    const { size } = table
    if (key.name.charCodeAt(0) === DOLLAR && key.name === DATETIME_KEY) this.#hasDatetimeKey = true
    table.set(key.name, value)
    if (table.size === size) this.#failTwice(key)
  }

  /** Opens the table of a `[header]`. */
  #openTable({ path }: SectionNode): OpenTable {
    const parent = this.#descend(this.#root, path, false)
    const last = lastOf(path)
    const existing = parent.get(last.name)
    if (existing === undefined) return this.#addTable(parent, last, { isImplicit: false, isDotted: false })
    const origin = this.#origins.get(existing)
    if (origin === undefined || !origin.isImplicit || origin.isDotted) return this.#failTwice(last)
    origin.isImplicit = false
    // The header counts as the place of the key, not the longer headers before it that implied the table.
    parent.delete(last.name)
    parent.set(last.name, existing)
    return existing as OpenTable
  }

  /** Adds the table of a `[[header]]`. A fault below the header counts before one of the header, as in the reference. */
  #addItem({ path, pairs }: SectionNode): void {
    const item: OpenTable = new Map()
    // Every key on the way may lead through an array.
    this.#origins.set(item, { isImplicit: false, isDotted: false, depth: 2 * path.length })
    this.#addPairs(item, pairs)
    const parent = this.#descend(this.#root, path, false)
    const last = lastOf(path)
    const items = parent.get(last.name)
    if (items === undefined) {
      const first = [item]
      this.#growing.add(first)
      this.#set(parent, last, first)
    } else if (this.#growing.has(items)) {
      ;(items as TomlValue[]).push(item)
    } else {
      this.#failTwice(last)
    }
  }

  /** The table that holds the last key of a path. Tables that are not there yet are made. */
  #descend(from: OpenTable, path: readonly KeyNode[], isDotted: boolean): OpenTable {
    let table = from
    for (const key of path.slice(0, -1)) {
      const next = table.get(key.name)
      table =
        next === undefined
          ? this.#addTable(table, key, { isImplicit: true, isDotted })
          : this.#enter(next, key, isDotted)
    }
    return table
  }

  #addTable(parent: OpenTable, key: KeyNode, origin: Omit<TableOrigin, 'depth'>): OpenTable {
    const table: OpenTable = new Map()
    const depth = this.#depthOf(parent) + 1
    this.#limitDepth(key, depth)
    this.#origins.set(table, { ...origin, depth })
    this.#set(parent, key, table)
    return table
  }

  #enter(next: TomlValue, key: KeyNode, isDotted: boolean): OpenTable {
    const table = isArray(next) && this.#growing.has(next) ? next.at(-1) : next
    const origin = table === undefined ? undefined : this.#origins.get(table)
    if (origin === undefined) return this.#failFinished(key, next)
    if (isDotted && table === next && !origin.isImplicit) return this.#failTwice(key)
    return table as OpenTable
  }

  #depthOf(table: OpenTable): number {
    return this.#origins.get(table)?.depth ?? 0
  }

  #valueOf(node: ValueNode, depth: number): TomlValue {
    if (node.kind === 'scalar') return node.value
    this.#limitDepth(node, depth)
    if (node.kind === 'array') return node.items.map((item) => this.#valueOf(item, depth + 1))
    return this.#inlineTable(node, depth)
  }

  #inlineTable(node: InlineTableNode, depth: number): TomlTable {
    const table: OpenTable = new Map()
    // Tables made by dotted keys inside the braces; nothing outside may add to them.
    const dotted = new Set<TomlValue>()
    for (const { path, value } of node.pairs) {
      const read = this.#valueOf(value, depth + path.length)
      const parent = path.length === 1 ? table : this.#descendInline(table, path, dotted)
      this.#set(parent, lastOf(path), read)
    }
    return table
  }

  #descendInline(from: OpenTable, path: readonly KeyNode[], dotted: Set<TomlValue>): OpenTable {
    let table = from
    for (const key of path.slice(0, -1)) {
      let next = table.get(key.name)
      if (next === undefined) {
        next = new Map()
        dotted.add(next)
        this.#set(table, key, next)
      } else if (!dotted.has(next)) {
        this.#failFinished(key, next)
      }
      table = next as OpenTable
    }
    return table
  }

  #limitDepth(span: Span, depth: number): void {
    if (depth <= MAX_TABLE_DEPTH) return
    throw syntaxError(this.#syntax.text, {
      start: span.start,
      end: span.start + 1,
      code: 'configTooDeep',
      reason: `expected tables and arrays at most ${String(MAX_TABLE_DEPTH)} levels deep`,
    })
  }

  #failTwice(key: KeyNode): never {
    return this.#fail(key, 'expected a key that is not there yet, got one that was given before')
  }

  #failFinished(key: KeyNode, value: TomlValue): never {
    const kind = isTable(value) ? 'an inline table, which is finished' : `a value of kind ${kindOf(value)}`
    return this.#fail(key, `expected a table to add a key to, got ${kind}`)
  }

  #fail({ start, end }: KeyNode, reason: string): never {
    throw syntaxError(this.#syntax.text, { start, end, reason, code: 'configSyntaxError' })
  }
}

const DOLLAR = 36

/** The syntax promises at least one segment. */
function lastOf(path: readonly KeyNode[]): KeyNode {
  return path[path.length - 1] as KeyNode
}
