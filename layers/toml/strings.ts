import { CODE, type Cursor, isControl } from './cursor.ts'
import type { Span } from './syntax.ts'

const CONTROL_IN_STRING = 'expected visible characters or escapes in the string, got a control character'
const LONE_CARRIAGE_RETURN = 'expected a line feed after the carriage return'

/** Whether three quotes of one kind stand at the cursor. */
export function isMultiLine({ text, at }: Cursor): boolean {
  const code = text.charCodeAt(at)
  return text.charCodeAt(at + 1) === code && text.charCodeAt(at + 2) === code
}

/** Reads the string at the cursor, which stands on its opening quote. Faults are noted and the rest is read all the same. */
export function readString(cursor: Cursor): string {
  const isLiteral = cursor.text.charCodeAt(cursor.at) === CODE.apostrophe
  if (isMultiLine(cursor)) return isLiteral ? readMultiLineLiteral(cursor) : readMultiLineBasic(cursor)
  return isLiteral ? readLiteral(cursor) : readBasic(cursor)
}

function readBasic(cursor: Cursor): string {
  const { text } = cursor
  const start = cursor.at
  let isPlain = true
  let at = start + 1
  let code = text.charCodeAt(at)
  while (code !== CODE.quote && code !== CODE.lineFeed && at < text.length) {
    if (code === CODE.backslash) {
      isPlain = false
      at += isEscapedDelimiter(text.charCodeAt(at + 1)) ? 2 : 1
    } else {
      if (isControl(code)) isPlain = false
      at += 1
    }
    code = text.charCodeAt(at)
  }
  const isClosed = code === CODE.quote
  cursor.at = isClosed ? at + 1 : Math.min(at, text.length)
  if (isPlain && isClosed) return text.slice(start + 1, at)
  return decodeBasic(cursor, bodyOf(cursor, { start: start + 1, end: cursor.at }, '"'), false)
}

function readMultiLineBasic(cursor: Cursor): string {
  const { text } = cursor
  const start = cursor.at
  let at = start + 3
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === CODE.quote && isTriple(text, at, CODE.quote)) break
    at += code === CODE.backslash && isEscapedDelimiter(text.charCodeAt(at + 1)) ? 2 : 1
  }
  cursor.at = endOfMultiLine(text, at, CODE.quote)
  const body = bodyOf(cursor, { start: afterNewline(text, start + 3), end: cursor.at }, '"""')
  return decodeBasic(cursor, body, true)
}

function readLiteral(cursor: Cursor): string {
  const { text } = cursor
  const start = cursor.at + 1
  let at = start
  let code = text.charCodeAt(at)
  while (code !== CODE.apostrophe && code !== CODE.lineFeed && at < text.length) {
    at += 1
    code = text.charCodeAt(at)
  }
  cursor.at = code === CODE.apostrophe ? at + 1 : at
  const body = bodyOf(cursor, { start, end: cursor.at }, "'")
  for (at = body.start; at < body.end; at += 1) {
    if (isControl(text.charCodeAt(at))) cursor.note(at, CONTROL_IN_STRING)
  }
  return text.slice(body.start, body.end)
}

function readMultiLineLiteral(cursor: Cursor): string {
  const { text } = cursor
  const start = cursor.at + 3
  const close = text.indexOf("'''", start)
  cursor.at = endOfMultiLine(text, close === -1 ? text.length : close, CODE.apostrophe)
  const body = bodyOf(cursor, { start: afterNewline(text, start), end: cursor.at }, "'''")
  for (let at = body.start; at < body.end; at += 1) {
    const code = text.charCodeAt(at)
    if (code === CODE.carriageReturn) noteLoneCarriageReturn(cursor, at)
    else if (code !== CODE.lineFeed && isControl(code)) cursor.note(at, CONTROL_IN_STRING)
  }
  return text.slice(body.start, body.end)
}

/** Where the text of a string is, without its quotes. A missing closing quote is noted. */
function bodyOf(cursor: Cursor, token: Span, quotes: string): Span {
  const end = token.end - quotes.length
  if (end >= token.start && cursor.text.startsWith(quotes, end)) return { start: token.start, end }
  cursor.note(token.end, `expected ${quotes} at the end of the string`)
  return token
}

function isEscapedDelimiter(code: number): boolean {
  return code === CODE.backslash || code === CODE.quote
}

function isTriple(text: string, at: number, quote: number): boolean {
  return text.charCodeAt(at + 1) === quote && text.charCodeAt(at + 2) === quote
}

/** A multi-line string may end with up to two quotes of its own before the closing three. */
function endOfMultiLine(text: string, close: number, quote: number): number {
  let end = Math.min(close + 3, text.length)
  if (text.charCodeAt(end) === quote) end += 1
  if (end > close + 3 && text.charCodeAt(end) === quote) end += 1
  return end
}

function afterNewline(text: string, at: number): number {
  if (text.charCodeAt(at) === CODE.lineFeed) return at + 1
  return text.startsWith('\r\n', at) ? at + 2 : at
}

function noteLoneCarriageReturn(cursor: Cursor, at: number): void {
  if (cursor.text.charCodeAt(at + 1) !== CODE.lineFeed) cursor.note(at + 1, LONE_CARRIAGE_RETURN)
}

function decodeBasic(cursor: Cursor, body: Span, isMultiLine: boolean): string {
  const { text } = cursor
  let decoded = ''
  let at = body.start
  let plainFrom = at
  while (at < body.end) {
    const code = text.charCodeAt(at)
    if (code === CODE.backslash) {
      const escape = readEscape(cursor, { start: at + 1, end: body.end }, isMultiLine)
      decoded += text.slice(plainFrom, at) + escape.text
      at = escape.end
      plainFrom = at
    } else {
      if (isControl(code)) noteControl(cursor, { start: at, end: body.end }, isMultiLine)
      at += 1
    }
  }
  return decoded + text.slice(plainFrom, body.end)
}

function noteControl(cursor: Cursor, { start, end }: Span, isMultiLine: boolean): void {
  const { text } = cursor
  const code = text.charCodeAt(start)
  if (isMultiLine && code === CODE.lineFeed) return
  if (isMultiLine && code === CODE.carriageReturn) {
    noteLoneCarriageReturn(cursor, start)
    return
  }
  if (cursor.tokenFault !== null) return
  let at = start
  while (at < end && isRefused(text.charCodeAt(at), isMultiLine)) at += 1
  cursor.note(start, CONTROL_IN_STRING, at)
}

function isRefused(code: number, isMultiLine: boolean): boolean {
  return isControl(code) && !(isMultiLine && isLineBreak(code))
}

function isLineBreak(code: number): boolean {
  return code === CODE.lineFeed || code === CODE.carriageReturn
}

interface Escape {
  readonly text: string
  /** Offset behind the escape. */
  readonly end: number
}

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['e', '\u001B'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['\\', '\\'],
  ['"', '"'],
])

const HEX_ESCAPES: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
])

/** Reads what follows a backslash. */
function readEscape(cursor: Cursor, body: Span, isMultiLine: boolean): Escape {
  const { text } = cursor
  const letter = body.start < body.end ? text.charAt(body.start) : ''
  const simple = SIMPLE_ESCAPES.get(letter)
  if (simple !== undefined) return { text: simple, end: body.start + 1 }
  const digits = HEX_ESCAPES.get(letter)
  if (digits !== undefined) return readHexEscape(cursor, { start: body.start + 1, end: body.end }, digits)
  if (isMultiLine && letter !== '' && ' \t\r\n'.includes(letter)) return skipEscapedNewline(cursor, body)
  cursor.note(body.start, 'expected an escape after the backslash: one of b, e, f, n, r, t, ", \\, x, u, U')
  return { text: '', end: body.start }
}

function readHexEscape(cursor: Cursor, body: Span, digits: number): Escape {
  const { text } = cursor
  let at = body.start
  while (at < body.end && at < body.start + digits && isHexDigit(text.charCodeAt(at))) at += 1
  if (at < body.start + digits) {
    cursor.note(at, `expected ${String(digits)} hexadecimal digits in the escape`)
    return { text: '', end: at }
  }
  const point = Number.parseInt(text.slice(body.start, at), 16)
  if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
    cursor.note(body.start, 'expected the number of a Unicode character in the escape')
    return { text: '', end: at }
  }
  return { text: String.fromCodePoint(point), end: at }
}

function isHexDigit(code: number): boolean {
  const lower = code | 32
  return (code >= 48 && code <= 57) || (lower >= 97 && lower <= 102)
}

/** A backslash at the end of a line: the line break and all blank space after it are not part of the string. */
function skipEscapedNewline(cursor: Cursor, { start, end }: Span): Escape {
  const { text } = cursor
  let at = start
  while (at < end && ' \t'.includes(text.charAt(at))) at += 1
  if (at >= end || !isLineBreak(text.charCodeAt(at))) {
    cursor.note(at, 'expected the end of the line after the backslash')
  }
  for (; at < end && ' \t\r\n'.includes(text.charAt(at)); at += 1) {
    if (text.charCodeAt(at) === CODE.carriageReturn) noteLoneCarriageReturn(cursor, at)
  }
  return { text: '', end: at }
}
