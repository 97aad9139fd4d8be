import { CODE, type Cursor, MAX_DEPTH, skipSpaces } from './cursor.ts'
import { isMultiLine, readString } from './strings.ts'
import type { KeyNode } from './syntax.ts'

const BARE = unitsOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
/** What ends a bare word; everything else belongs to it, even where it is then refused. */
const ENDS_WORD = unitsOf('.=,[]{} \t#\r\n')

function unitsOf(characters: string): Uint8Array {
  const units = new Uint8Array(128)
  for (const character of characters) units[character.charCodeAt(0)] = 1
  return units
}

/** Whether a unit may stand in a key without quotes. */
export function isBareUnit(code: number): boolean {
  return BARE[code] === 1
}

/** Whether a unit ends a bare word. NaN, which is what stands behind the text, does. */
export function endsWord(code: number): boolean {
  return code < 128 ? ENDS_WORD[code] === 1 : Number.isNaN(code)
}

/**
 * Reads the segments of a key, with the blank space before, between and after them. What is missing is noted as a fault;
 * `isKeyBroken` says that it was the last segment.
 */
export function readPath(cursor: Cursor): readonly KeyNode[] {
  cursor.isKeyBroken = false
  const single = readSingle(cursor)
  return single === null ? readSegments(cursor) : [single]
}

/** Reads the usual key: one bare word and nothing else before the equals sign or the bracket. Null for any other. */
function readSingle(cursor: Cursor): KeyNode | null {
  const { text, at: start } = cursor
  let at = start
  while (isBareUnit(text.charCodeAt(at))) at += 1
  const end = at
  while (text.charCodeAt(at) === CODE.space) at += 1
  const code = text.charCodeAt(at)
  if (end === start || (code !== CODE.equals && code !== CODE.closeBracket)) return null
  cursor.at = at
  cursor.lastEnd = end
  return { name: text.slice(start, end), start, end }
}

function readSegments(cursor: Cursor): readonly KeyNode[] {
  const { text } = cursor
  const path: KeyNode[] = []
  for (;;) {
    skipSpaces(cursor)
    const code = text.charCodeAt(cursor.at)
    if (code !== CODE.dot && endsWord(code)) {
      noteMissing(cursor)
      cursor.isKeyBroken = true
      return path
    }
    if (code === CODE.dot) noteMissing(cursor)
    else path.push(readKey(cursor, code))
    cursor.lastEnd = cursor.at
    skipSpaces(cursor)
    if (text.charCodeAt(cursor.at) !== CODE.dot) break
    cursor.at += 1
    cursor.lastEnd = cursor.at
  }
  if (path.length > MAX_DEPTH) noteTooLong(cursor, path)
  return path
}

function noteMissing(cursor: Cursor): void {
  cursor.note(cursor.at, 'expected a key: letters, digits, `-` and `_`, or a string')
}

function noteTooLong(cursor: Cursor, path: readonly KeyNode[]): void {
  cursor.tokenFault ??= {
    start: path[MAX_DEPTH]?.start ?? 0,
    end: path[MAX_DEPTH]?.start ?? 0,
    code: 'configTooDeep',
    reason: `expected a key of at most ${String(MAX_DEPTH)} segments, got ${String(path.length)}`,
  }
}

function readKey(cursor: Cursor, code: number): KeyNode {
  if (code !== CODE.quote && code !== CODE.apostrophe) return readBareKey(cursor)
  const start = cursor.at
  const isBlock = isMultiLine(cursor)
  // The fault of the key itself counts before one of what it says.
  const before = cursor.tokenFault
  const name = readString(cursor)
  if (isBlock && before === null) {
    cursor.tokenFault = null
    cursor.note(start, 'expected a key on one line, got a multi-line string', cursor.at)
  }
  return { name, start, end: cursor.at }
}

function readBareKey(cursor: Cursor): KeyNode {
  const { text } = cursor
  const start = cursor.at
  let at = start
  while (isBareUnit(text.charCodeAt(at))) at += 1
  if (!endsWord(text.charCodeAt(at))) at = passWord(cursor, at)
  cursor.at = at
  return { name: text.slice(start, at), start, end: at }
}

/** Passes a word that holds something no bare key may hold, and notes the first run of it. */
function passWord(cursor: Cursor, from: number): number {
  const { text } = cursor
  let at = from
  while (!endsWord(text.charCodeAt(at)) && !isBareUnit(text.charCodeAt(at))) at += 1
  cursor.note(from, 'expected letters, digits, `-` and `_` in a key without quotes', at)
  while (!endsWord(text.charCodeAt(at))) at += 1
  return at
}
