import type { LayersError, LayersErrorCode } from '#layers/errors.ts'
import { startOfLine, syntaxError } from '#layers/toml/faults.ts'

/**
 * A JSON value with nothing lost: an integer literal is a `bigint`, a number with a fraction or an exponent a `number`, an
 * object a map, so that `__proto__` is an ordinary key and the order of keys is kept.
 */
export type JsonValue = null | string | bigint | number | boolean | readonly JsonValue[] | JsonObject

/** Keys in the order of the text; of two equal ones the last counts, as for `JSON.parse`. */
export type JsonObject = ReadonlyMap<string, JsonValue>

/** Deepest nesting that is read: what the CLIs' own JSON readers stop at. */
export const MAX_JSON_DEPTH = 128

/** Longest integer that is read. Nothing accepts more than 19 digits; converting a million of them takes too long. */
const MAX_INTEGER_LENGTH = 1000

/**
 * Reads JSON text strictly as RFC 8259 has it, in time in proportion to its length.
 *
 * @throws LayersError `configSyntaxError` with the place of the fault: bad syntax, a comment, a byte-order mark, half a
 *   surrogate pair (raw or escaped), a number beyond what 64 bits hold; `configTooDeep` beyond {@link MAX_JSON_DEPTH}
 */
export function readJson(text: string): JsonValue {
  const reader = new Reader(text)
  const value = reader.value(0)
  reader.end()
  return value
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const WORD = /(?:true|false|null)(?![A-Za-z0-9_])/y
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const WORDS: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ['true', true],
  ['false', false],
  ['null', null],
])

/** Every method leaves the position behind what it read. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(depth: number): JsonValue {
    const first = this.#peek()
    if (first === QUOTE) return this.#string()
    if (first === OPEN_OBJECT) return this.#object(this.#deeper(depth))
    if (first === OPEN_LIST) return this.#list(this.#deeper(depth))
    const word = this.#match(WORD)
    return word === null ? this.#number() : (WORDS.get(word[0]) ?? null)
  }

  end(): void {
    if (!Number.isNaN(this.#peek())) throw this.#expected('the end of the text')
  }

  #deeper(depth: number): number {
    if (depth < MAX_JSON_DEPTH) return depth + 1
    throw this.#fault(
      `expected at most ${String(MAX_JSON_DEPTH)} levels of nesting, got more`,
      'configTooDeep',
    )
  }

  #object(depth: number): JsonObject {
    const entries = new Map<string, JsonValue>()
    this.#at += 1
    if (this.#take(CLOSE_OBJECT)) return entries
    do {
      if (this.#peek() !== QUOTE) throw this.#expected('a key in double quotes')
      const key = this.#string()
      if (!this.#take(COLON)) throw this.#expected('a colon after the key')
      entries.set(key, this.value(depth))
    } while (this.#take(COMMA))
    if (!this.#take(CLOSE_OBJECT)) throw this.#expected('a comma or a closing brace')
    return entries
  }

  #list(depth: number): readonly JsonValue[] {
    const items: JsonValue[] = []
    this.#at += 1
    if (this.#take(CLOSE_LIST)) return items
    do items.push(this.value(depth))
    while (this.#take(COMMA))
    if (!this.#take(CLOSE_LIST)) throw this.#expected('a comma or a closing bracket')
    return items
  }

  #number(): bigint | number {
    const start = this.#at
    const match = this.#match(NUMBER)
    if (match === null) throw this.#expected('a value')
    const [literal, fraction, exponent] = match
    const isInteger = fraction === undefined && exponent === undefined
    if (isInteger && literal.length <= MAX_INTEGER_LENGTH) return BigInt(literal)
    const number = Number(literal)
    if (!isInteger && Number.isFinite(number)) return number
    throw this.#fault('expected a number that 64 bits can hold, got one beyond', 'configSyntaxError', start)
  }

  #string(): string {
    const start = this.#at
    const isPlain = this.#skipString()
    const string = isPlain
      ? this.#text.slice(start + 1, this.#at - 1)
      : (JSON.parse(this.#text.slice(start, this.#at)) as string)
    if (string.isWellFormed()) return string
    throw this.#fault('expected whole characters, got half a surrogate pair', 'configSyntaxError', start)
  }

  /** Moves behind a string literal and says whether it has no escapes, so that its text is its value. */
  #skipString(): boolean {
    let isPlain = true
    this.#at += 1
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at)
      if (unit === BACKSLASH) {
        isPlain = false
        if (this.#match(ESCAPE) === null) throw this.#fault('expected an escape that JSON knows, got another')
      } else if (unit >= 0x20) this.#at += 1
      else throw this.#expected('a closing quote')
      if (unit === QUOTE) return isPlain
    }
  }

  /** The next unit that is no white space; NaN at the end. */
  #peek(): number {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at)
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return unit
      this.#at += 1
    }
  }

  #take(unit: number): boolean {
    if (this.#peek() !== unit) return false
    this.#at += 1
    return true
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    this.#at += match?.[0].length ?? 0
    return match
  }

  #expected(what: string): LayersError {
    return this.#fault(`expected ${what}, got ${kindOfCharacter(this.#text.slice(this.#at, this.#at + 2))}`)
  }

  #fault(reason: string, code: LayersErrorCode = 'configSyntaxError', at = this.#at): LayersError {
    const fault = syntaxError(this.#text, { code, reason, start: at, end: at })
    return fault.below(openingOf(this.#text, at))
  }
}

/** What stands at a place without saying it: the character may belong to a secret. */
function kindOfCharacter(text: string): string {
  const character = text.codePointAt(0)
  if (character === undefined) return 'the end of the text'
  if (character === 0x0a || character === 0x0d) return 'the end of the line'
  if (character < 0x20) return 'a control character'
  if (/^[{}[\],:"]/.test(text)) return `\`${text.charAt(0)}\``
  if (/^\/[/*]/.test(text)) return 'a comment'
  if (/^\d/.test(text)) return 'a digit'
  return /^\p{L}/u.test(text) ? 'a letter' : 'another character'
}

/** The line that has the key of what stands at an offset, up to the offset's own line; empty when it has the key itself. */
function openingOf(text: string, offset: number): string {
  const line = startOfLine(text, offset)
  const colon = text.lastIndexOf(':', offset - 1)
  return colon === -1 ? '' : text.slice(startOfLine(text, colon), line)
}
