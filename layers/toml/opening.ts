import { CODE, Cursor } from './cursor.ts'
import { readString } from './strings.ts'

/**
 * What stands above a line and belongs to the same setting: the lines of a string or an array that is open there. The text may
 * be as wrong as it likes.
 *
 * @param line number of the line, from 1
 * @returns empty for a line that begins a setting
 */
export function openingOf(text: string, line: number): string {
  const end = offsetOfLine(text, line)
  const cursor = new Cursor(text, {})
  let start = cursor.at
  let depth = 0
  while (cursor.at < end) {
    const code = text.charCodeAt(cursor.at)
    if (code === CODE.quote || code === CODE.apostrophe) readString(cursor)
    else if (code === CODE.hash) cursor.at = endOfLine(text, cursor.at)
    else {
      depth = Math.max(0, depth + nesting(code))
      cursor.at += 1
      if (code === CODE.lineFeed && depth === 0) start = cursor.at
    }
  }
  return text.slice(start, end)
}

function offsetOfLine(text: string, line: number): number {
  let at = 0
  for (let left = line - 1; left > 0; left -= 1) at = text.indexOf('\n', at) + 1
  return at
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end
}

function nesting(code: number): number {
  if (code === CODE.openBracket || code === CODE.openBrace) return 1
  return code === CODE.closeBracket || code === CODE.closeBrace ? -1 : 0
}
