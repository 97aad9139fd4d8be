/**
 * A JSON value read from text with nothing lost: a scalar is the text it has in the normal form, so numbers keep every
 * digit; an object is a map by plain key, so every key is a key (`__proto__`, `"10"`) and the last of two equal ones wins.
 */
export type JsonNode = string | readonly JsonNode[] | ReadonlyMap<string, JsonNode>

/**
 * Deepest nesting that is read. Login files nest below ten; Python's `json`, which reads the file on devices of the
 * reference system, gives up near 1000, and half of that stays far from the end of our own stack.
 */
export const MAX_DEPTH = 512

/** Longest number. Python, which reads the file on some devices, refuses to convert longer integers. */
export const MAX_NUMBER_DIGITS = 4300

/**
 * Reads JSON text strictly as RFC 8259 has it, or says that it is none with `null`.
 *
 * Refused besides bad syntax: a byte-order mark, lone surrogates (raw or escaped), nesting deeper than {@link MAX_DEPTH},
 * numbers of more than {@link MAX_NUMBER_DIGITS} digits. Takes time in proportion to the text and never throws.
 */
export function readJsonText(text: string): JsonNode | null {
  if (!text.isWellFormed()) return null
  const reader = new Reader(text)
  const node = reader.value(0)
  return node !== null && reader.isAtEnd() ? node : null
}

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const LITERAL = /true|false|null/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const SHORT_ESCAPES = '"\\/bfnrt'
const UNICODE_ESCAPE = /\\u[0-9a-fA-F]{4}/y

/** Every method leaves the position behind what it read, or returns `null` once the text is known to be no JSON. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(depth: number): JsonNode | null {
    const first = this.#peek()
    if (first === QUOTE) return this.#string()
    if (first === OPEN_OBJECT) return depth < MAX_DEPTH ? this.#object(depth + 1) : null
    if (first === OPEN_LIST) return depth < MAX_DEPTH ? this.#list(depth + 1) : null
    return first === MINUS || (first >= DIGIT_0 && first <= DIGIT_9) ? this.#number() : this.#match(LITERAL)
  }

  isAtEnd(): boolean {
    return Number.isNaN(this.#peek())
  }

  #object(depth: number): JsonNode | null {
    const entries = new Map<string, JsonNode>()
    this.#at += 1
    if (this.#take(CLOSE_OBJECT)) return entries
    do {
      const key = this.#key()
      if (key === null || !this.#take(COLON)) return null
      const value = this.value(depth)
      if (value === null) return null
      entries.set(key, value)
    } while (this.#take(COMMA))
    return this.#take(CLOSE_OBJECT) ? entries : null
  }

  #list(depth: number): JsonNode | null {
    const items: JsonNode[] = []
    this.#at += 1
    if (this.#take(CLOSE_LIST)) return items
    do {
      const item = this.value(depth)
      if (item === null) return null
      items.push(item)
    } while (this.#take(COMMA))
    return this.#take(CLOSE_LIST) ? items : null
  }

  #key(): string | null {
    const token = this.#peek() === QUOTE ? this.#string() : null
    if (token === null) return null
    return token.includes('\\') ? JSON.parse(token) : token.slice(1, -1)
  }

  #string(): string | null {
    const start = this.#at
    const hasEscapes = this.#skipString()
    if (hasEscapes === null) return null
    const token = this.#text.slice(start, this.#at)
    if (!hasEscapes) return token
    const plain: string = JSON.parse(token)
    return plain.isWellFormed() ? JSON.stringify(plain) : null
  }

  /** Moves behind the closing quote and says whether there were escapes. */
  #skipString(): boolean | null {
    let hasEscapes = false
    this.#at += 1
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at)
      if (unit === QUOTE) break
      if (unit === BACKSLASH) {
        if (!this.#skipEscape()) return null
        hasEscapes = true
      } else if (unit >= 0x20) this.#at += 1
      else return null
    }
    this.#at += 1
    return hasEscapes
  }

  #skipEscape(): boolean {
    const letter = this.#text.charAt(this.#at + 1)
    if (letter === '' || !SHORT_ESCAPES.includes(letter)) return this.#match(UNICODE_ESCAPE) !== null
    this.#at += 2
    return true
  }

  #number(): string | null {
    const token = this.#match(NUMBER)
    if (token === null || token.length <= MAX_NUMBER_DIGITS) return token
    return token.replaceAll(/\D/g, '').length <= MAX_NUMBER_DIGITS ? token : null
  }

  #match(pattern: RegExp): string | null {
    const start = this.#at
    pattern.lastIndex = start
    if (!pattern.test(this.#text)) return null
    this.#at = pattern.lastIndex
    return this.#text.slice(start, this.#at)
  }

  #take(unit: number): boolean {
    if (this.#peek() !== unit) return false
    this.#at += 1
    return true
  }

  /** The next unit that is no white space; `NaN` at the end. */
  #peek(): number {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at)
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return unit
      this.#at += 1
    }
  }
}
