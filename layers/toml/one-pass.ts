import { LayersError } from '#layers/errors.ts'
import { DATETIME_KEY, type TomlTable, type TomlValue } from '#layers/value.ts'

import { CODE, Cursor, finishLine, type ReadOptions, skipSpaces } from './cursor.ts'
import { readPath, readSingle } from './keys.ts'
import { isValueStart, parseBare, parseValue } from './parse-value.ts'
import { readString } from './strings.ts'
import type { KeyNode, ValueNode } from './syntax.ts'

/**
 * Reads a text without faults that consists of the usual things straight into its tables: `key = value` with one bare key, and
 * `[headers]`. It takes half the time of {@link parseTomlSyntax} and {@link toTable}, whose result it has.
 *
 * @returns null for everything else, faults included: what is meant by it, and which fault is reported, is decided there
 */
export function readInOnePass(text: string, options: ReadOptions): TomlTable | null {
  try {
    return new OnePass(text, options).read()
  } catch (error) {
    if (error instanceof LayersError) return null
    throw error
  }
}

type OpenTable = Map<string, TomlValue>

/** Controls but for the tab and the line feed: where there are none, they need not be looked for character by character. */
// oxlint-disable-next-line no-control-regex
const UNUSUAL = /[\u0000-\u0008\u000B-\u001F\u007F]/

class OnePass {
  readonly #cursor: Cursor
  readonly #root: OpenTable = new Map()
  /** Tables that headers made; true for those that were only mentioned on the way to another one. */
  readonly #tables = new Map<TomlValue, boolean>()
  #current = this.#root

  constructor(text: string, options: ReadOptions) {
    // With a line end behind everything nothing ever looks behind the text, which would be slow from then on.
    this.#cursor = new Cursor(text.endsWith('\n') ? text : `${text}\n`, options)
  }

  read(): TomlTable | null {
    const cursor = this.#cursor
    const { text } = cursor
    if (UNUSUAL.test(text)) return null
    for (;;) {
      skipBetween(cursor)
      if (cursor.at >= text.length) break
      const isRead = text.charCodeAt(cursor.at) === CODE.openBracket ? this.#header() : this.#pair()
      if (!isRead) return null
      if (text.charCodeAt(cursor.at) === CODE.lineFeed) cursor.at += 1
      else finishLine(cursor)
    }
    return cursor.tokenFault === null && cursor.rangeFault === null ? this.#root : null
  }

  #pair(): boolean {
    const cursor = this.#cursor
    const key = readSingle(cursor)
    if (key === null || cursor.text.charCodeAt(cursor.at) !== CODE.equals) return false
    cursor.at += 1
    skipSpaces(cursor)
    const value = this.#value()
    if (value === null) return false
    const { size } = this.#current
    this.#current.set(key.name, value)
    return this.#current.size > size
  }

  /** The value at the cursor; null for one that holds tables or arrays, or for none. */
  #value(): TomlValue | null {
    const cursor = this.#cursor
    const code = cursor.text.charCodeAt(cursor.at)
    if (code === CODE.quote) return this.#string()
    if (code === CODE.apostrophe) return readString(cursor)
    if (code === CODE.openBracket) return scalarsOf(parseValue(cursor))
    return code !== CODE.openBrace && isValueStart(code) ? parseBare(cursor).value : null
  }

  #string(): string {
    const cursor = this.#cursor
    const { text, at } = cursor
    const close = text.indexOf('"', at + 1)
    const value = text.slice(at + 1, close)
    // A backslash, a line end, `""` before a third quote, or no end: not as usual.
    if (close <= at + 1 || value.includes('\\') || value.includes('\n')) return readString(cursor)
    cursor.at = close + 1
    return value
  }

  #header(): boolean {
    const cursor = this.#cursor
    const { text } = cursor
    cursor.at += 1
    if (text.charCodeAt(cursor.at) === CODE.openBracket) return false
    const path = readPath(cursor)
    skipSpaces(cursor)
    if (cursor.isKeyBroken || text.charCodeAt(cursor.at) !== CODE.closeBracket) return false
    cursor.at += 1
    const table = this.#open(path)
    if (table === null) return false
    this.#current = table
    return true
  }

  #open(path: readonly KeyNode[]): OpenTable | null {
    let table = this.#root
    for (const [index, { name }] of path.entries()) {
      if (name === DATETIME_KEY) return null
      const next = this.#enter(table, name, index === path.length - 1)
      if (next === null) return null
      table = next
    }
    return table
  }

  #enter(parent: OpenTable, name: string, isLast: boolean): OpenTable | null {
    const existing = parent.get(name)
    if (existing === undefined) {
      const made: OpenTable = new Map()
      this.#tables.set(made, !isLast)
      parent.set(name, made)
      return made
    }
    const isImplicit = this.#tables.get(existing)
    if (isImplicit === undefined || (isLast && !isImplicit)) return null
    if (isLast) {
      this.#tables.set(existing, false)
      // The header counts as the place of the key, not the longer headers before it that implied the table.
      parent.delete(name)
      parent.set(name, existing)
    }
    return existing as OpenTable
  }
}

/** Passes blank lines and comments. */
function skipBetween(cursor: Cursor): void {
  const { text } = cursor
  let { at } = cursor
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === CODE.hash) {
      const end = text.indexOf('\n', at)
      at = end === -1 ? text.length : end + 1
    } else if (code === CODE.lineFeed || code === CODE.space || code === CODE.tab) at += 1
    else break
  }
  cursor.at = at
}

function scalarsOf(node: ValueNode): readonly TomlValue[] | null {
  if (node.kind !== 'array') return null
  const values: TomlValue[] = []
  for (const item of node.items) {
    if (item.kind !== 'scalar') return null
    values.push(item.value)
  }
  return values
}
