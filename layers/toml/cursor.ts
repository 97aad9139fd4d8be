import { type SyntaxFault, syntaxError } from './faults.ts'

/** The characters that the grammar is made of, as UTF-16 units. */
export const CODE = {
  tab: 9,
  lineFeed: 10,
  carriageReturn: 13,
  space: 32,
  quote: 34,
  hash: 35,
  apostrophe: 39,
  comma: 44,
  dot: 46,
  equals: 61,
  openBracket: 91,
  backslash: 92,
  closeBracket: 93,
  openBrace: 123,
  closeBrace: 125,
} as const

/** How deep arrays and inline tables may be nested, and how many segments a key may have: as in the reference. */
export const MAX_DEPTH = 80

/** What differs between releases of the CLI in reading. */
export interface ReadOptions {
  /** Which of two `_` in a row in a number is reported: releases up to 0.128 point at the second one. */
  readonly doubleUnderscore?: 'first' | 'second'
}

/**
 * A place in a text that is being read.
 *
 * There are three kinds of fault, because the reference reports the first of the first kind even where one of another kind
 * stands before it: of structure, thrown at once; of a token (a bad number, a bad escape), noted while reading goes on; and
 * of range (an integer that does not fit), reported when nothing else is wrong.
 */
export class Cursor {
  readonly text: string
  readonly options: ReadOptions
  /** Offset of the next character. */
  at = 0
  /** How many arrays and inline tables are open. */
  depth = 0
  /** End of the last token that is neither blank nor a comment: where an unclosed bracket is reported. */
  lastEnd = 0
  /** Whether the key that was read last lacks its last segment. */
  isKeyBroken = false
  tokenFault: SyntaxFault | null = null
  rangeFault: SyntaxFault | null = null

  constructor(text: string, options: ReadOptions) {
    this.text = text
    this.options = options
    this.at = text.charCodeAt(0) === 0xfeff ? 1 : 0
  }

  /** Throws a fault of structure. */
  fail(start: number, reason: string, end: number = start): never {
    throw syntaxError(this.text, { start, end, reason, code: 'configSyntaxError' })
  }

  /** Keeps a fault of a token, unless there is one before it. */
  note(start: number, reason: string, end: number = start): void {
    this.tokenFault ??= { start, end, reason, code: 'configSyntaxError' }
  }

  /** Keeps a fault of range, unless there is one before it. */
  noteRange(start: number, end: number, reason: string): void {
    this.rangeFault ??= { start, end, reason, code: 'configSyntaxError' }
  }
}

/** Says what stands at the cursor, in the words of a message. */
export function describeNext({ text, at }: Cursor): string {
  if (at >= text.length) return 'the end of the text'
  return NAMES.get(text.charCodeAt(at)) ?? 'a bare word'
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [CODE.lineFeed, 'the end of the line'],
  [CODE.carriageReturn, 'the end of the line'],
  [CODE.hash, 'a comment'],
  [CODE.quote, 'a string'],
  [CODE.apostrophe, 'a string'],
  [CODE.comma, '`,`'],
  [CODE.dot, '`.`'],
  [CODE.equals, '`=`'],
  [CODE.openBracket, '`[`'],
  [CODE.closeBracket, '`]`'],
  [CODE.openBrace, '`{`'],
  [CODE.closeBrace, '`}`'],
])

/** Whether a unit may not stand in a text as itself: all controls but the tab. */
export function isControl(code: number): boolean {
  return code < CODE.space ? code !== CODE.tab : code === 127
}

/** Passes spaces and tabs. */
export function skipSpaces(cursor: Cursor): void {
  const { text } = cursor
  let { at } = cursor
  let code = text.charCodeAt(at)
  while (code === CODE.space || code === CODE.tab) {
    at += 1
    code = text.charCodeAt(at)
  }
  cursor.at = at
}

/** Passes everything that means nothing: spaces, comments and the ends of lines. */
export function skipBlank(cursor: Cursor): void {
  for (;;) {
    skipSpaces(cursor)
    const code = cursor.text.charCodeAt(cursor.at)
    if (code === CODE.lineFeed) cursor.at += 1
    else if (code === CODE.carriageReturn) skipCarriageReturn(cursor)
    else if (code === CODE.hash) skipComment(cursor)
    else return
  }
}

/** Passes the rest of a line that may hold nothing but a comment. */
export function finishLine(cursor: Cursor): void {
  const { text } = cursor
  if (text.charCodeAt(cursor.at) !== CODE.lineFeed) skipSpaces(cursor)
  if (text.charCodeAt(cursor.at) === CODE.hash) skipComment(cursor)
  const code = text.charCodeAt(cursor.at)
  if (code === CODE.lineFeed) cursor.at += 1
  else if (code === CODE.carriageReturn) skipCarriageReturn(cursor)
  else if (cursor.at < text.length) {
    cursor.fail(cursor.at, `expected the end of the line or a comment, got ${describeNext(cursor)}`)
  }
}

function skipCarriageReturn(cursor: Cursor): void {
  if (cursor.text.charCodeAt(cursor.at + 1) !== CODE.lineFeed) {
    cursor.fail(cursor.at + 1, 'expected a line feed after the carriage return')
  }
  cursor.at += 2
}

function skipComment(cursor: Cursor): void {
  const { text } = cursor
  let at = cursor.at + 1
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === CODE.lineFeed || code === CODE.carriageReturn) break
    if (isControl(code))
      cursor.fail(at, 'expected printable characters in the comment, got a control character')
  }
  cursor.at = at
}
