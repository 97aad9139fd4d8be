/** Offsets into the text in UTF-16 units: `start` inclusive, `end` exclusive. */
export interface JsonSpan {
  readonly start: number
  readonly end: number
}

/** A value with its place. What is no object is not looked into: an edit replaces it whole. */
export interface JsonNode extends JsonSpan {
  /** In the order of the text, equal keys side by side; null where there is no object. */
  readonly members: readonly JsonMember[] | null
}

/** `"key": value`. The span goes from the key's quote to the end of the value. */
export interface JsonMember extends JsonSpan {
  readonly key: string
  readonly keyEnd: number
  readonly value: JsonNode
}

/**
 * Finds where the members of the objects of a JSON text are.
 *
 * @param text has been read before, so that it is known to be JSON
 */
export function spansOf(text: string): JsonNode {
  return new Scanner(text).value()
}

const BLANK = /[ \t\r\n]*/y
const STRING = /"(?:[^"\\]|\\.)*"/y
const OTHER_SCALAR = /[^\s,\]}]+/y
/** Everything in an array but strings and brackets. */
const IN_ARRAY = /[^"[\]{}]*/y

/** Every method leaves the position behind what it read. */
class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): JsonNode {
    this.#skip(BLANK)
    const start = this.#at
    const first = this.#text.charAt(start)
    if (first === '{') return this.#object()
    if (first === '[') this.#array()
    else this.#skip(first === '"' ? STRING : OTHER_SCALAR)
    return { start, end: this.#at, members: null }
  }

  #object(): JsonNode {
    const start = this.#at
    const members: JsonMember[] = []
    this.#at += 1
    this.#skip(BLANK)
    while (this.#text.charAt(this.#at) !== '}') {
      members.push(this.#member())
      this.#skip(BLANK)
      if (this.#text.charAt(this.#at) !== ',') break
      this.#at += 1
      this.#skip(BLANK)
    }
    this.#at += 1
    return { start, end: this.#at, members }
  }

  #member(): JsonMember {
    const start = this.#at
    this.#skip(STRING)
    const keyEnd = this.#at
    const key = JSON.parse(this.#text.slice(start, keyEnd)) as string
    this.#skip(BLANK)
    this.#at += 1
    const value = this.value()
    return { start, end: value.end, key, keyEnd, value }
  }

  #array(): void {
    let depth = 0
    do {
      const character = this.#text.charAt(this.#at)
      if (character === '"') this.#skip(STRING)
      else {
        if (character === '[' || character === '{') depth += 1
        if (character === ']' || character === '}') depth -= 1
        this.#at += 1
      }
      if (depth > 0) this.#skip(IN_ARRAY)
    } while (depth > 0)
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at
    this.#at += pattern.exec(this.#text)?.[0].length ?? 0
  }
}
