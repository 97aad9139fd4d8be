import { CODE, type Cursor, describeNext, MAX_DEPTH, skipBlank, skipSpaces } from './cursor.ts'
import { syntaxError } from './faults.ts'
import { endsWord, readPath } from './keys.ts'
import { readBare } from './numbers.ts'
import { readString } from './strings.ts'
import type { ArrayNode, InlineTableNode, PairNode, ScalarNode, ValueNode } from './syntax.ts'

/** Reads `key = value` at the cursor, on one line up to the value. */
export function parsePair(cursor: Cursor): PairNode {
  const { text, at: start } = cursor
  const path = readPath(cursor)
  if (text.charCodeAt(cursor.at) !== CODE.equals) {
    cursor.fail(cursor.at, `expected \`=\` after the key, got ${describeNext(cursor)}`)
  }
  cursor.at += 1
  skipSpaces(cursor)
  const value = parseValueOfPair(cursor)
  return { path, value, start, end: value.end }
}

/** The value right of an equals sign outside of braces, where nothing else may stand. */
function parseValueOfPair(cursor: Cursor): ValueNode {
  const code = cursor.text.charCodeAt(cursor.at)
  if (code === CODE.equals) cursor.fail(cursor.at, 'expected a value, got a second `=`', cursor.at + 1)
  refuseClosing(cursor, code)
  return isValueStart(code) ? parseValue(cursor) : missingValue(cursor)
}

/** Whether a unit can begin a value. What cannot: the end of the line or the text, a comment, a comma. */
export function isValueStart(code: number): boolean {
  return code === CODE.dot || code === CODE.openBracket || code === CODE.openBrace || !endsWord(code)
}

function refuseClosing(cursor: Cursor, code: number): void {
  if (code === CODE.closeBracket) cursor.fail(cursor.at, 'expected a value, got `]` without a `[` before it')
  if (code === CODE.closeBrace) cursor.fail(cursor.at, 'expected a value, got `}` without a `{` before it')
}

function missingValue(cursor: Cursor): ScalarNode {
  cursor.note(cursor.at, `expected a value, got ${describeNext(cursor)}`)
  return { kind: 'scalar', value: '', start: cursor.at, end: cursor.at }
}

/** Reads a value of any kind at the cursor, which stands on its first character. */
export function parseValue(cursor: Cursor): ValueNode {
  const value = parseAnyValue(cursor)
  cursor.lastEnd = value.end
  return value
}

function parseAnyValue(cursor: Cursor): ValueNode {
  const { at: start } = cursor
  switch (cursor.text.charCodeAt(start)) {
    case CODE.quote:
    case CODE.apostrophe: {
      const value = readString(cursor)
      return { kind: 'scalar', value, start, end: cursor.at }
    }
    case CODE.openBracket:
      return parseArray(cursor)
    case CODE.openBrace:
      return parseInlineTable(cursor)
    default:
      return parseBare(cursor)
  }
}

/** Reads a value without quotes and brackets at the cursor. */
export function parseBare(cursor: Cursor): ScalarNode {
  const { at: start } = cursor
  const end = endOfBare(cursor.text, start)
  cursor.at = end
  return { kind: 'scalar', value: readBare(cursor, start, end), start, end }
}

/** Words with nothing but a run of blank space between them are one value: a date may have a space before its time. */
function endOfBare(text: string, start: number): number {
  let end = endOfWord(text, start)
  for (;;) {
    const next = startOfNext(text, end)
    if (next === end) return end
    if (endsWord(text.charCodeAt(next)) || isQuote(text.charCodeAt(next))) return end
    end = endOfWord(text, next)
  }
}

/** Dots are part of the word here. A quote behind one begins a string. */
function endOfWord(text: string, start: number): number {
  let at = start
  let code = text.charCodeAt(at)
  while (code === CODE.dot || !endsWord(code)) {
    at += 1
    const next = text.charCodeAt(at)
    if (code === CODE.dot && isQuote(next)) return at
    code = next
  }
  return at
}

function startOfNext(text: string, end: number): number {
  let at = end
  while (text.charCodeAt(at) === CODE.space || text.charCodeAt(at) === CODE.tab) at += 1
  return at
}

function isQuote(code: number): boolean {
  return code === CODE.quote || code === CODE.apostrophe
}

function open(cursor: Cursor): void {
  cursor.depth += 1
  if (cursor.depth > MAX_DEPTH) {
    throw syntaxError(cursor.text, {
      start: cursor.at,
      end: cursor.at + 1,
      code: 'configTooDeep',
      reason: `expected at most ${String(MAX_DEPTH)} levels of arrays and inline tables`,
    })
  }
  cursor.at += 1
  cursor.lastEnd = cursor.at
}

function close(cursor: Cursor): void {
  cursor.depth -= 1
  cursor.at += 1
  cursor.lastEnd = cursor.at
}

function passComma(cursor: Cursor): void {
  cursor.at += 1
  cursor.lastEnd = cursor.at
}

function parseArray(cursor: Cursor): ArrayNode {
  const { text, at: start } = cursor
  const items: ValueNode[] = []
  open(cursor)
  for (;;) {
    skipBlank(cursor)
    const code = text.charCodeAt(cursor.at)
    if (code === CODE.closeBracket) break
    refuseInArray(cursor, code)
    items.push(parseValue(cursor))
    skipBlank(cursor)
    const next = text.charCodeAt(cursor.at)
    if (next === CODE.comma) passComma(cursor)
    else if (next !== CODE.closeBracket) refuseAfterItem(cursor, next)
  }
  close(cursor)
  return { kind: 'array', items, start, end: cursor.at }
}

function refuseInArray(cursor: Cursor, code: number): void {
  const { at, text } = cursor
  if (at >= text.length)
    cursor.fail(cursor.lastEnd, 'expected `]` at the end of the array, got the end of the text')
  if (code === CODE.comma) cursor.fail(at, 'expected a value in the array, got a second `,`', at + 1)
  if (code === CODE.equals) cursor.fail(at, 'expected a value or `]` in the array, got `=`', at + 1)
  refuseClosing(cursor, code)
}

function refuseAfterItem(cursor: Cursor, code: number): void {
  if (cursor.at >= cursor.text.length || code === CODE.equals) refuseInArray(cursor, code)
  cursor.fail(cursor.at, `expected \`,\` between the values of the array, got ${describeNext(cursor)}`)
}

function parseInlineTable(cursor: Cursor): InlineTableNode {
  const { text, at: start } = cursor
  const pairs: PairNode[] = []
  open(cursor)
  for (;;) {
    skipBlank(cursor)
    const code = text.charCodeAt(cursor.at)
    if (code === CODE.closeBrace) break
    refuseAsKey(cursor, code)
    pairs.push(parseInlinePair(cursor))
    skipBlank(cursor)
    const next = text.charCodeAt(cursor.at)
    if (next === CODE.comma) passComma(cursor)
    else if (next !== CODE.closeBrace) refuseAfterPair(cursor)
  }
  close(cursor)
  return { kind: 'inline-table', pairs, start, end: cursor.at }
}

/** A pair in braces, where line ends and comments may stand everywhere between the key and the value. */
function parseInlinePair(cursor: Cursor): PairNode {
  const { text, at: start } = cursor
  const path = readPath(cursor)
  skipBlank(cursor)
  const code = text.charCodeAt(cursor.at)
  // A brace here is a fault of a token in the reference: one of structure behind it counts first.
  if (code !== CODE.closeBrace) {
    if (code !== CODE.equals) refuseAsEquals(cursor, code)
    cursor.at += 1
    cursor.lastEnd = cursor.at
    skipBlank(cursor)
  }
  const value = parseInlineValue(cursor)
  return { path, value, start, end: value.end }
}

function parseInlineValue(cursor: Cursor): ValueNode {
  const { at, text } = cursor
  const code = text.charCodeAt(at)
  if (code === CODE.closeBrace) return missingValue(cursor)
  refuseEnd(cursor)
  if (code === CODE.comma || code === CODE.equals)
    cursor.fail(at, `expected a value, got ${describeNext(cursor)}`)
  refuseClosing(cursor, code)
  return parseValue(cursor)
}

function refuseEnd(cursor: Cursor): void {
  if (cursor.at < cursor.text.length) return
  cursor.fail(cursor.lastEnd, 'expected `}` at the end of the inline table, got the end of the text')
}

function refuseAsKey(cursor: Cursor, code: number): void {
  refuseEnd(cursor)
  if (code === CODE.equals || code === CODE.dot || !endsWord(code)) return
  cursor.fail(cursor.at, `expected a key in the inline table, got ${describeNext(cursor)}`)
}

function refuseAsEquals(cursor: Cursor, code: number): void {
  refuseEnd(cursor)
  const word = code === CODE.comma ? 'a `,`' : describeNext(cursor)
  cursor.fail(cursor.at, `expected \`=\` after the key, got ${word}`)
}

function refuseAfterPair(cursor: Cursor): void {
  refuseEnd(cursor)
  cursor.fail(cursor.at, `expected \`,\` between the keys of the inline table, got ${describeNext(cursor)}`)
}
