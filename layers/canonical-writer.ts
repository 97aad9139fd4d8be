import { DATETIME_KEY, isArray, isTable, type TomlTable, type TomlValue } from './value.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const FIRST_BYTES = 2048

/** 1 for every character that JSON writes as it is and UTF-8 in one byte. */
const PLAIN = Uint8Array.from({ length: 128 }, (_unused, code) =>
  Number(code >= 0x20 && code < 0x7f && code !== QUOTE && code !== 0x5c),
)

/**
 * Writes the one text of a value that its version is made of (spec 07 §7), as bytes of UTF-8: putting a large config together
 * as a string would cost several times as much.
 */
export class CanonicalWriter {
  #bytes = new Uint8Array(FIRST_BYTES)
  #length = 0
  /** By how many keys a table has: those of the last one in its order and in that of the text. */
  readonly #shapes: (Shape | undefined)[] = []

  /** What has been written. Good until more is. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  write(value: TomlValue): void {
    if (typeof value === 'string') this.#string(value)
    else if (typeof value === 'number') this.#ascii(canonicalFloat(value))
    else if (typeof value !== 'object') this.#ascii(String(value))
    else if (isTable(value)) this.#table(value)
    else if (isArray(value)) this.#array(value)
    else this.#table(new Map([[DATETIME_KEY, value.text]]))
  }

  #table(table: TomlTable): void {
    this.#ascii('{')
    let isFirst = true
    for (const key of this.#sortedKeys(table)) {
      const value = table.get(key)
      if (value === undefined) continue
      if (!isFirst) this.#byte(COMMA)
      isFirst = false
      this.#string(key)
      this.#byte(COLON)
      this.write(value)
    }
    this.#ascii('}')
  }

  /** Many tables of a kind follow each other with the same keys, which are put in order once. */
  #sortedKeys(table: TomlTable): readonly string[] {
    const last = this.#shapes[table.size]
    if (last !== undefined && hasKeys(table, last.keys)) return last.sorted
    const keys = [...table.keys()]
    const sorted = sortKeys(keys.slice())
    if (keys.length <= FEW_KEYS) this.#shapes[keys.length] = { keys, sorted }
    return sorted
  }

  #array(items: readonly TomlValue[]): void {
    this.#ascii('[')
    let isFirst = true
    for (const item of items) {
      if (!isFirst) this.#byte(COMMA)
      isFirst = false
      this.write(item)
    }
    this.#ascii(']')
  }

  #string(text: string): void {
    const start = this.#length
    this.#reserve(text.length + 2)
    const bytes = this.#bytes
    bytes[start] = QUOTE
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index)
      if (PLAIN[unit] !== 1) {
        this.#escaped(text)
        return
      }
      bytes[start + index + 1] = unit
    }
    bytes[start + text.length + 1] = QUOTE
    this.#length = start + text.length + 2
  }

  #escaped(text: string): void {
    const encoded = new TextEncoder().encode(JSON.stringify(text))
    this.#reserve(encoded.length)
    this.#bytes.set(encoded, this.#length)
    this.#length += encoded.length
  }

  #ascii(text: string): void {
    this.#reserve(text.length)
    for (let index = 0; index < text.length; index += 1) {
      this.#bytes[this.#length + index] = text.charCodeAt(index)
    }
    this.#length += text.length
  }

  #byte(code: number): void {
    this.#reserve(1)
    this.#bytes[this.#length] = code
    this.#length += 1
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count))
    larger.set(this.bytes())
    this.#bytes = larger
  }
}

/** A float as text: the shortest digits that read back as the same number, with a fraction or an exponent in any case. */
export function canonicalFloat(value: number): string {
  if (!Number.isFinite(value)) return 'null'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const size = Math.abs(value)
  if (size < 1e-5 || size >= 1e16) return value.toExponential()
  return Number.isInteger(value) ? `${String(value)}.0` : String(value)
}

/** Up to here, moving keys about one by one is faster than a general sort. */
const FEW_KEYS = 24

// UTF-16 order, which is that of `<`, differs from the order of code points only where surrogates are involved.
const FIRST_SURROGATE = 0xd800

interface Shape {
  readonly keys: readonly string[]
  readonly sorted: readonly string[]
}

function hasKeys(table: TomlTable, keys: readonly string[]): boolean {
  let index = 0
  for (const key of table.keys()) {
    if (key !== keys[index]) return false
    index += 1
  }
  return true
}

function sortKeys(keys: string[]): readonly string[] {
  if (keys.some(hasSurrogateOrAbove)) return keys.sort(byCodePoint)
  return keys.length > FEW_KEYS ? keys.sort() : sortFew(keys)
}

function sortFew(keys: string[]): readonly string[] {
  for (let sorted = 1; sorted < keys.length; sorted += 1) {
    const key = keys[sorted] ?? ''
    let at = sorted
    for (; at > 0; at -= 1) {
      const before = keys[at - 1] ?? ''
      if (before < key) break
      keys[at] = before
    }
    keys[at] = key
  }
  return keys
}

function hasSurrogateOrAbove(key: string): boolean {
  for (let index = 0; index < key.length; index += 1) {
    if (key.charCodeAt(index) >= FIRST_SURROGATE) return true
  }
  return false
}

function byCodePoint(one: string, other: string): number {
  const length = Math.min(one.length, other.length)
  for (let index = 0; index < length; index += 1) {
    const difference = rank(one.charCodeAt(index)) - rank(other.charCodeAt(index))
    if (difference !== 0) return difference
  }
  return one.length - other.length
}

/** Moves the surrogates behind every other unit, where the code points that they spell belong. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
