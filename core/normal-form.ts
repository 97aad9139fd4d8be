import { AppError } from './errors.ts'
import { readJsonText } from './json-text.ts'
import type { JsonNode } from './json-text.ts'

/** A device may have any file; beyond this it is no login, and only memory would be lost on it. */
const MAX_LENGTH = 16 * 1024 * 1024

/**
 * How much longer than its text a normal form may be. Indentation makes a text of short list items nested deep grow up to a
 * thousandfold; four times is more than any document needs that is not made for that.
 */
const MAX_GROWTH = 4

/**
 * Rewrites an auth file's text so that equal documents are equal texts: keys in order of their code points, two spaces of
 * indentation, non-ASCII literal, numbers as written, no newline at the end. Equal to Python's
 * `json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)` except that numbers keep their spelling.
 *
 * @param maxBytes of the text in UTF-8; absent: a bound that no login comes near
 * @throws AppError `AUTH_TOO_LARGE`, `AUTH_NOT_JSON`, `AUTH_NOT_OBJECT`, the first that holds; no message holds anything of
 * the text
 */
export function normalFormOf(text: string, maxBytes = MAX_LENGTH): string {
  if (Buffer.byteLength(text) > maxBytes) throw tooLarge()
  const node = readJsonText(text)
  if (node === null) throw new AppError('AUTH_NOT_JSON', 'auth_json must be valid JSON')
  if (!(node instanceof Map)) throw new AppError('AUTH_NOT_OBJECT', 'auth_json must be a JSON object')
  const writer = new Writer(maxBytes * MAX_GROWTH)
  writer.write(node, 0)
  return writer.text()
}

class Writer {
  readonly #parts: string[] = []
  #room: number

  constructor(maxLength: number) {
    this.#room = maxLength
  }

  write(node: JsonNode, depth: number): void {
    if (typeof node === 'string') this.#add(node)
    else if (node instanceof Map) this.#object(node, depth)
    else this.#list(node as readonly JsonNode[], depth)
  }

  text(): string {
    return this.#parts.join('')
  }

  #object(entries: ReadonlyMap<string, JsonNode>, depth: number): void {
    if (entries.size === 0) return this.#add('{}')
    let before = `{\n${indent(depth + 1)}`
    for (const [key, value] of inKeyOrder(entries)) {
      this.#add(`${before}${JSON.stringify(key)}: `)
      this.write(value, depth + 1)
      before = `,\n${indent(depth + 1)}`
    }
    this.#add(`\n${indent(depth)}}`)
  }

  #list(items: readonly JsonNode[], depth: number): void {
    if (items.length === 0) return this.#add('[]')
    let before = `[\n${indent(depth + 1)}`
    for (const item of items) {
      this.#add(before)
      this.write(item, depth + 1)
      before = `,\n${indent(depth + 1)}`
    }
    this.#add(`\n${indent(depth)}]`)
  }

  #add(part: string): void {
    this.#room -= part.length
    if (this.#room < 0) throw tooLarge()
    this.#parts.push(part)
  }
}

function indent(depth: number): string {
  return '  '.repeat(depth)
}

function inKeyOrder(entries: ReadonlyMap<string, JsonNode>): readonly (readonly [string, JsonNode])[] {
  const sorted = [...entries]
  // The built-in order is the same, and faster, as long as no key has anything that comes behind the surrogates.
  const compare = sorted.some(([key]) => /[\ue000-\uffff]/.test(key)) ? compareCodePoints : compareUnits
  sorted.sort(([left], [right]) => compare(left, right))
  return sorted
}

function compareUnits(left: string, right: string): number {
  return left < right ? -1 : 1
}

/** JavaScript orders strings by UTF-16 unit, which puts U+1F600 before U+FF5E. */
function compareCodePoints(left: string, right: string): number {
  const end = Math.min(left.length, right.length)
  for (let at = 0; at < end; at += 1) {
    const difference = codePointRank(left.charCodeAt(at)) - codePointRank(right.charCodeAt(at))
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** Surrogates, which are parts of the highest code points, go behind the units that follow them. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

function tooLarge(): AppError {
  return new AppError('AUTH_TOO_LARGE', 'auth_json is too large')
}
