import { LayersError } from '#layers/errors.ts'
import { DATETIME_KEY, isTable, type TomlTable, type TomlValue } from '#layers/value.ts'

import {
  CODE,
  Cursor,
  finishLine,
  isControl,
  MAX_DEPTH,
  type ReadOptions,
  skipBlank,
  skipSpaces,
} from './cursor.ts'
import { isBareUnit, readPath } from './keys.ts'
import { isValueStart, parseBare, parseValue } from './parse-value.ts'
import { readString } from './strings.ts'
import type { ValueNode } from './syntax.ts'

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

/** How many spellings of keys are kept: more than a table has keys, and a power of two. */
const KEPT_KEYS = 256

class OnePass {
  readonly #cursor: Cursor
  readonly #root: OpenTable = new Map()
  /** Tables that were only mentioned on the way to another one. All others have a header of their own. */
  readonly #implied = new Set<TomlTable>()
  #current = this.#root
  /** Keys by their hash. The same few stand in every table of a kind: one string for all of them is found faster. */
  readonly #keys: (string | undefined)[] = Array.from<string | undefined>({ length: KEPT_KEYS })

  constructor(text: string, options: ReadOptions) {
    // With a line end behind everything nothing ever looks behind the text, which would be slow from then on. Behind a
    // carriage return, which is refused, it would make a line end of it.
    this.#cursor = new Cursor(/[\r\n]$/.test(text) ? text : `${text}\n`, options)
  }

  read(): TomlTable | null {
    const cursor = this.#cursor
    const { text } = cursor
    while (this.#pairs()) {
      if (cursor.at >= text.length) {
        return cursor.tokenFault === null && cursor.rangeFault === null ? this.#root : null
      }
      if (!this.#header()) return null
      finishLine(cursor)
    }
    return null
  }

  /** Reads the pairs up to the next header or the end of the text. */
  #pairs(): boolean {
    const cursor = this.#cursor
    const { text } = cursor
    for (;;) {
      skipBlank(cursor)
      if (cursor.at >= text.length || text.charCodeAt(cursor.at) === CODE.openBracket) return true
      if (!this.#pair()) return false
      finishLine(cursor)
    }
  }

  #pair(): boolean {
    const cursor = this.#cursor
    const key = this.#key()
    if (key === null) return false
    cursor.at += 1
    skipSpaces(cursor)
    const value = this.#value()
    if (value === null) return false
    const { size } = this.#current
    this.#current.set(key, value)
    return this.#current.size > size
  }

  /** The value at the cursor; null for one that holds tables or arrays, or for none. */
  #value(): TomlValue | null {
    const cursor = this.#cursor
    const code = cursor.text.charCodeAt(cursor.at)
    if (code === CODE.quote) return this.#string()
    if (code === CODE.apostrophe) return readString(cursor)
    if (code === CODE.openBracket) return this.#array() ?? scalarsOf(parseValue(cursor))
    return code !== CODE.openBrace && isValueStart(code) ? parseBare(cursor).value : null
  }

  /** The bare key at the cursor, which is then at its equals sign; null for any other. */
  #key(): string | null {
    const cursor = this.#cursor
    const { text } = cursor
    const name = this.#bareName()
    while (text.charCodeAt(cursor.at) === CODE.space) cursor.at += 1
    return text.charCodeAt(cursor.at) === CODE.equals ? name : null
  }

  /** The bare segment of a key at the cursor, which is then behind it; null where there is none. */
  #bareName(): string | null {
    const cursor = this.#cursor
    const { text, at: start } = cursor
    let at = start
    let hash = 0
    for (let code = text.charCodeAt(at); isBareUnit(code); code = text.charCodeAt(at)) {
      hash = (Math.imul(hash, 31) + code) | 0
      at += 1
    }
    cursor.at = at
    return at === start ? null : this.#kept(hash & (KEPT_KEYS - 1), start, at)
  }

  #kept(place: number, start: number, end: number): string {
    const { text } = this.#cursor
    const kept = this.#keys[place]
    if (kept !== undefined && kept.length === end - start && text.startsWith(kept, start)) return kept
    const key = text.slice(start, end)
    this.#keys[place] = key
    return key
  }

  /** An array of strings on one line, which most are; null for any other. */
  #array(): readonly TomlValue[] | null {
    const cursor = this.#cursor
    const { text, at: start } = cursor
    const items: TomlValue[] = []
    let code = CODE.comma as number
    while (code === CODE.comma) {
      cursor.at += 1
      skipSpaces(cursor)
      if (text.charCodeAt(cursor.at) !== CODE.quote) break
      items.push(this.#string())
      skipSpaces(cursor)
      code = text.charCodeAt(cursor.at)
    }
    if (code === CODE.closeBracket) {
      cursor.at += 1
      return items
    }
    cursor.at = start
    return null
  }

  #string(): string {
    const cursor = this.#cursor
    const { text, at: start } = cursor
    let at = start + 1
    let code = text.charCodeAt(at)
    while (code !== CODE.quote && code !== CODE.backslash && !isControl(code)) {
      at += 1
      code = text.charCodeAt(at)
    }
    // An escape, the end of the line, or `""` before a third quote: not as usual.
    if (code !== CODE.quote || at === start + 1) return readString(cursor)
    cursor.at = at + 1
    return text.slice(start + 1, at)
  }

  #header(): boolean {
    const cursor = this.#cursor
    const { text } = cursor
    cursor.at += 1
    if (text.charCodeAt(cursor.at) === CODE.openBracket) return false
    const path = this.#barePath() ?? this.#anyPath()
    if (path === null) return false
    cursor.at += 1
    const table = this.#open(path)
    if (table === null) return false
    this.#current = table
    return true
  }

  /** The path of a header with nothing but bare segments and dots, the cursor behind it; null for any other. */
  #barePath(): readonly string[] | null {
    const cursor = this.#cursor
    const { text, at: start } = cursor
    const path: string[] = []
    for (let name = this.#bareName(); name !== null; name = this.#bareName()) {
      path.push(name)
      const code = text.charCodeAt(cursor.at)
      if (code === CODE.closeBracket && path.length <= MAX_DEPTH) return path
      if (code !== CODE.dot) break
      cursor.at += 1
    }
    cursor.at = start
    return null
  }

  #anyPath(): readonly string[] | null {
    const cursor = this.#cursor
    const path = readPath(cursor)
    skipSpaces(cursor)
    const isWhole = !cursor.isKeyBroken && cursor.text.charCodeAt(cursor.at) === CODE.closeBracket
    return isWhole ? path.map(({ name }) => name) : null
  }

  #open(path: readonly string[]): OpenTable | null {
    let table = this.#root
    let depth = 0
    for (const name of path) {
      depth += 1
      if (name === DATETIME_KEY) return null
      const next = this.#enter(table, name, depth === path.length)
      if (next === null) return null
      table = next
    }
    return table
  }

  #enter(parent: OpenTable, name: string, isLast: boolean): OpenTable | null {
    const existing = parent.get(name)
    if (existing === undefined) {
      const made: OpenTable = new Map()
      if (!isLast) this.#implied.add(made)
      parent.set(name, made)
      return made
    }
    if (!isTable(existing)) return null
    if (isLast) {
      if (!this.#implied.delete(existing)) return null
      // The header counts as the place of the key, not the longer headers before it that implied the table.
      parent.delete(name)
      parent.set(name, existing)
    }
    return existing as OpenTable
  }
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
